/** Jest's filter: files that take long are only run when TEST_LONG is set (see long.ts). */
function withoutLong(paths) {
  const isLong = process.env.TEST_LONG === "1";
  return { filtered: isLong ? paths : paths.filter((path) => !path.endsWith(".long.test.ts")) };
}

export { withoutLong as "module.exports" }; // what jest gets, which requires it
