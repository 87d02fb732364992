import type { Passage } from "./extract.ts";

/** A phrase that joblib does not use, and what to write instead. */
export interface ProsePattern {
  readonly phrase: RegExp;
  readonly instead: string;
  /** The kinds of passage to which the pattern applies. Default: all. */
  readonly kinds?: readonly Passage["kind"][];
}

/** A kind of identifier that joblib does not use, and what to write instead. */
export interface NamePattern {
  readonly name: RegExp;
  readonly instead: string;
  readonly onlyFunctions?: boolean;
}

/**
 * `SENTENCE` matches the start of a sentence. `NO_QUESTION` excludes questions, which may begin
 * with any word.
 */
const SENTENCE = String.raw`(?<=^|[.:;!?…] |[.:;] \*?|\| |^[-*] |^ {0,8}\d+\. |\*\*)`;
const NO_QUESTION = String.raw`(?![^.!\n]*\?)`;

/** Returns a pattern that matches at the start of a sentence that is not a question. */
function atStart(words: string): RegExp {
  return new RegExp(`${SENTENCE}(?:${words})\\b${NO_QUESTION}`, "gm");
}

export const PROSE_PATTERNS: readonly ProsePattern[] = [
  // Patterns for word order
  { phrase: atStart("Who|Whoever|Whose|Whom|Whatever|Whichever"), instead: "start with the subject" },
  { phrase: atStart("What|what"), instead: "start with the subject", kinds: ["comment", "text", "title"] },
  {
    phrase: atStart("What (?:is|are|was|a|the|it|they|one|no)"),
    instead: "start with the subject",
    kinds: ["markdown"],
  },
  {
    phrase: atStart("How (?:long|many|often|much|far)"),
    instead: "“Number of …”, “Duration of …”",
    kinds: ["comment", "text"],
  },
  { phrase: atStart("Where"), instead: "“If …”, or name the place", kinds: ["comment", "text", "markdown"] },
  { phrase: /\b(?:whoever|whomever|whosoever)\b/gi, instead: "name the actor" },
  {
    phrase:
      /\b(?:and|but|so|;|:|,) who (?:is|are|was|has|does|may|can|asks|waits|wants|holds|had|reads|writes)\b/gi,
    instead: "name the actor",
  },
  {
    phrase:
      /\bwhere (?:there (?:is|are|was|were)|it (?:is|was|has|does|can|could)|they (?:are|were|have)|none\b|nothing\b|nobody\b|no one\b|no [a-z]+ (?:is|are|was|were))/gi,
    instead: "if",
  },
  { phrase: /\b(?:what|whatever) (?:comes?|came|becomes?|became|is|was) of\b/gi, instead: "“the result of”" },
  { phrase: /\bof (?:its|their|his|her|our) own\b/gi, instead: "“its own …”" },
  {
    phrase:
      /, for (?:it|they|there|we|he|she|none|nothing|nobody) (?:is|are|was|were|has|have|had|would|may|might|can|could|must|will)\b/g,
    instead: "because",
  },
  {
    phrase: /\b(?:as|than) (?:RFC \d+|[A-Z][\w.]+|the manual|they|it) (?:has|have) (?:it|them)\b/g,
    instead: "“as defined in …”",
  },
  {
    phrase:
      /^(?:of|with|that|whose|who|for|in|on|by|and|or|but|as|from|at|to|beyond|below|than|which|what|also|not)\b/g,
    instead: "make the title a whole sentence",
    kinds: ["title"],
  },
  // Patterns for verbs
  {
    phrase: /\b(?:stands?|stood)\b(?! (?:for|out|in for|up|by|alone)\b)/gi,
    instead: "“is”, “is stored”, “is listed”",
  },
  {
    phrase: /\b(?:comes?|came) (?:to nothing|again|too late|back again)\b/gi,
    instead: "“fails”, “retries”, “reconnects”, “is late”",
  },
  {
    phrase: /\b(?:is|are|was|were|be|been|being|not|gets?|got) told\b/gi,
    instead: "“is notified”, “receives”, “is reported”",
  },
  {
    phrase:
      /\b(?:tells?|told) (?:of|so|that|its|the|a|an|what|how|who|which|when|why|apart|no|nothing|him|her|them|it|us|by)\b/gi,
    instead: "“reports”, “returns”, “notifies”",
  },
  {
    phrase: /\b(?:says|said) (?:so|that|who|nothing|no|otherwise|its|of|by|once)\b/gi,
    instead: "“reports”, “prints”, “shows”, “states”",
  },
  {
    phrase:
      /\b(?:do|does|did|would|must|can|could)(?: not|n't)? fits?\b|\bfits? (?:the|its|a|no|their|what|where|that)\b/gi,
    instead: "“matches”, “is valid against”",
  },
  { phrase: /\bmend(?:s|ed|ing)?\b/gi, instead: "fix" },
  { phrase: /\bheed(?:s|ed|ing)?\b|\bunheeded\b/gi, instead: "“respects”, “processes”" },
  { phrase: /\b(?:lets?|letting) (?:go|it go|them go|in)\b/gi, instead: "“releases”, “accepts”" },
  {
    phrase: /\b(?:gives?|gave|given|giving|puts?|taken|takes?) back\b/gi,
    instead: "“requeues”, “returns”, “releases”",
  },
  { phrase: /\b(?:gives?|gave|given|giving) up\b/gi, instead: "“abandons”, “times out”, “stops retrying”" },
  {
    phrase:
      /\b(?:is|are|was|were|be) (?:over|there|no matter|as good as|at work|on (?:its|their) way)(?=$|[.,;:)!])/gim,
    instead: "“ended”, “exists”, “is running”",
  },
  {
    phrase:
      /(?<!\bthere )\b(?:is|are|was|were) no (?!longer\b|more\b|less\b|later\b|earlier\b|such\b|way\b|need\b)[a-z]+/gi,
    instead: "“is not a …”",
  },
  {
    phrase: /\b(?:is|are|was|were) (?:theirs|ours|its business|his|another's|nobody's|somebody's)\b/gi,
    instead: "name the owner",
  },
  {
    phrase:
      /\b(?:is|are|was|were) (?:asked|meant|spoken|wanted|looked) (?:for|at|of|to|by|after|again|once)\b/gi,
    instead: "“is requested”, “is read”, “must”",
  },
  {
    phrase: /\btak(?:es?|en|ing) (?:its|their|the) leave\b|\btook (?:its|their) leave\b/gi,
    instead: "deregister",
  },
  { phrase: /\btaken? for (?:a|an|the|dead|lost|done|stale|never|one)\b/gi, instead: "“is assumed to be”" },
  // Patterns for other words
  { phrase: /\banew\b/gi, instead: "again" },
  { phrase: /\b(?:dear|dearer|dearest)\b/gi, instead: "expensive" },
  { phrase: /\bseldom\b/gi, instead: "rarely" },
  { phrase: /\bbeside(?:s)?\b/gi, instead: "“next to”, “in addition to”" },
  { phrase: /\balone\b(?! (?:can|cannot|is not enough|on)\b)/gi, instead: "only" },
  { phrase: /\bany more\b(?! than)/gi, instead: "“no longer”, “again”" },
  { phrase: /\bbut for\b/gi, instead: "“except”" },
  { phrase: /\bby turns\b|\bin turns\b|\bside by side\b/gi, instead: "“alternately”, “concurrently”" },
  {
    phrase:
      /(?<!\b(?:long|soon|far|much|as \w+) )\bas (?:it|they) (?:stands?|came|comes|is|are|was|were|goes)\b(?=$|[.,;:)]| (?:in|on|at|for|to|now|then)\b)/gim,
    instead: "“unchanged”, “verbatim”",
  },
  { phrase: /\b(?:nobody|somebody|everybody)\b/gi, instead: "name the actor: client, worker, caller, user" },
  { phrase: /\bstrangers?'?s?\b/gi, instead: "“untrusted”, “unknown user”" },
  { phrase: /(?<!\b(?:you|to|still) )\bwish(?:es)?\b/gi, instead: "request" },
  { phrase: /\bin hand\b|\bat hand\b/gi, instead: "“its running tasks”, “available”" },
  {
    phrase: /\bwithout a word\b|\bin a word\b|\bin so many words\b|\bits? word\b/gi,
    instead: "say it directly",
  },
  { phrase: /\bone's own\b|\bone may\b|\bthat one (?:may|can|is)\b/gi, instead: "“you”, “the caller”" },
  { phrase: /\bthat much\b|\bis no matter\b/gi, instead: "say it directly" },
  // Patterns for the glossary in docs/style.md
  {
    phrase: /\bsigns? of life\b|\b(?:last|next|each|first|its|a|the|every|one) beats?\b|\bbeating\b/gi,
    instead: "heartbeat",
  },
  { phrase: /\b(?:gathering|gathers|coalesc\w+|joint)\b(?!\()/gi, instead: "batch" },
  { phrase: /\b(?:hand(?:s|ed)?[- ]overs?|handed over|taker|takers)\b/gi, instead: "direct assignment" },
  {
    phrase: /\bparked\b|\b(?:a|the|its|each) (?:bell|ring)\b/gi,
    instead: "“long poll”, “waiting claim”, “notification”",
  },
  { phrase: /\bparcels?\b/gi, instead: "batch" },
  { phrase: /\b(?:a|the|its|no|brief) standing\b/gi, instead: "caller" },
  {
    phrase: /\b(?:brief|briefly) (?:answer|answers|form|answered)\b|\banswered briefly\b/gi,
    instead: "minimal response",
  },
  {
    phrase: /\bin a (?:queue's|task's) place\b|\b(?:its|the|their) place in the (?:queue|line|row)\b/gi,
    instead: "queue position",
  },
];

export const NAME_PATTERNS: readonly NamePattern[] = [
  { name: /^(?!is[A-Z]).*[a-z]Of$/, instead: "a verb: getX, readX, toX", onlyFunctions: true },
  { name: /^MOST_|^LONGEST_|^LARGEST_|^FEWEST_/, instead: "MAX_…" },
  {
    name: /[Hh]eeded|[Ss]eldom|[Ss]trays?|[Bb]riefly|[Aa]like|[Ww]eather|[Ii]ncarnation|[Pp]arcel/,
    instead: "the field's word",
  },
  { name: /[Ss]tanding(?![A-Z])|^Standing/, instead: "caller" },
  { name: /Gathering|^gather|Joint|[Cc]oalesc/, instead: "batch" },
  { name: /[Ww]ish/, instead: "request" },
  { name: /[Tt]old|^tell|[a-z]Tell/, instead: "report, notify, return" },
  { name: /Beat(?!s?[a-z])|(?<![Hh]eart)beats?(?=$|[A-Z])/, instead: "heartbeat" },
  {
    name: /[Tt]aker|HandOver|handOver|[Ss]taff|[Ii]nsight|[Ff]igures/,
    instead: "see the glossary in docs/style.md",
  },
];
