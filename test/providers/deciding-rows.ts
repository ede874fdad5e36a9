import type { ClassificationRow } from "../../src/providers/classification.js";

/** Which rows of a table have decided while something was called: they alone are asked for their code. */
export async function decidingRows(
  table: readonly ClassificationRow[],
  call: () => Promise<unknown>,
): Promise<ClassificationRow[]> {
  const deciding: ClassificationRow[] = [];
  const codes = table.map(({ code }) => code);
  table.forEach((row, index) => {
    Object.defineProperty(row, "code", {
      configurable: true,
      enumerable: true,
      get: () => {
        deciding.push(row);
        return codes[index];
      },
    });
  });
  try {
    await call();
  } finally {
    table.forEach((row, index) => {
      Object.defineProperty(row, "code", { configurable: true, enumerable: true, writable: true, value: codes[index] });
    });
  }
  return [...new Set(deciding)];
}
