/** A command in a process of its own, named by its first argument, whose failpoints a test has set by a variable. */
import { armFailpoints } from "../support/armed-failpoints.js";

armFailpoints(process.env);
const [name] = process.argv.splice(2, 1);
await import(new URL(`../../src/commands/${String(name)}.ts`, import.meta.url).href);
