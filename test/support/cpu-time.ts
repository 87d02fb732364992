/** Milliseconds of the processor that this thread has had: what else the machine does has no part in it. */
export const getCpuTime = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};
