/**
 * Unpacks the headless Chromium of its package, with the libraries and fonts that a bare machine lacks, into the folder for temporary
 * files. A process of its own, because the package takes that folder from the environment. Prints nothing; fails with a reason.
 */
import { fileURLToPath } from "node:url";
import { inflate } from "@sparticuz/chromium";

const archives = new URL("../bin/", import.meta.resolve("@sparticuz/chromium"));

for (const name of ["chromium.br", "al2023.tar.br", "fonts.tar.br"]) {
  await inflate(fileURLToPath(new URL(name, archives)));
}
