const MAX_LENGTH = 72;

/**
 * Verbs whose base form ends in -ed, -ing or -s. Words with these endings are otherwise rejected,
 * because they are usually not in the imperative.
 */
const BASE_FORMS = new Set([
  ...["Embed", "Exceed", "Feed", "Need", "Proceed", "Seed", "Shed", "Speed", "Bring", "String", "Ping"],
  ...["Access", "Address", "Assess", "Bypass", "Compress", "Discuss", "Dismiss", "Express", "Focus", "Guess"],
  ...["Miss", "Pass", "Press", "Process", "Stress", "Suppress"],
]);
const NOT_A_VERB =
  /^(?:A|An|The|This|That|These|Those|It|Its|They|We|I|You|There|What|Who|Whoever|Whose|Where|When|Which|How|Why|If|Each|Every|All|Any|Some|No|None|Not|Only|One|Two|Many|More|Now|New|Old|For|From|In|On|Of|At|By|With|Without|To|As|And|But|Or)$/;

/**
 * Describes what is wrong with the subject of a commit. Returns undefined if the subject is an
 * imperative sentence of at most 72 characters.
 */
export function findSubjectFault(subject: string): string | undefined {
  // The subject of a merge commit is written by Git and is not checked. The subject of a revert
  // begins with "Revert", which is an imperative.
  if (/^Merge /.test(subject)) return undefined;
  if (subject.length > MAX_LENGTH) return `has ${subject.length} characters; the limit is ${MAX_LENGTH}`;
  const [first = ""] = subject.split(/[^A-Za-z]/, 1);
  if (!/^[A-Z]/.test(first))
    return "does not start with a capital letter; start with a verb, as in “Retry claims”";
  if (subject.endsWith(".")) return "ends with a period; remove it";
  const isInflected = /(?:ed|ing|[^s]s)$/.test(first) && !BASE_FORMS.has(first);
  if (NOT_A_VERB.test(first) || isInflected)
    return `starts with “${first}”; start with an imperative, as in “Retry claims”`;
  return undefined;
}
