/** On a terminal: a line that the next one takes the place of. */
export function showUnderWay(text: string): void {
  const { isTTY, columns } = process.stdout;
  if (isTTY) process.stdout.write(`\r\u001B[2K${text.slice(0, columns - 1)}`);
}
