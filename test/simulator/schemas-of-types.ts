import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import type { ValidateFunction } from "ajv";
import { createGenerator } from "ts-json-schema-generator";

const project = new URL("../../", import.meta.url);
const tsconfig = fileURLToPath(new URL("tsconfig.json", project));
/** Reading types takes the compiler seconds: schemas are kept while the file and the packages stay what they are. */
const kept = fileURLToPath(new URL("node_modules/.cache/schemas-of-types", project));

/** Tells whether a value has exactly the shape of a TypeScript type: a key that the type does not know is refused at any depth. */
export class TypeValidators {
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #version: string;
  #generator: ReturnType<typeof createGenerator> | undefined;

  /** `file` declares the types, exported or, with `expose` "all", not. */
  constructor(
    private readonly file: string,
    private readonly expose: "export" | "all" = "export",
  ) {
    const hash = createHash("sha1").update(readFileSync(file));
    this.#version = hash.update(readFileSync(new URL("package-lock.json", project))).digest("hex");
  }

  validator(type: string): ValidateFunction {
    const known = this.#validators.get(type);
    if (known) return known;
    const made = new Ajv({ allErrors: true, strict: false }).compile(this.#schema(type));
    this.#validators.set(type, made);
    return made;
  }

  #schema(type: string): object {
    const path = `${kept}/${this.#version}-${type}.json`;
    if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as object;
    const { file, expose } = this;
    const shape = { skipTypeCheck: true, additionalProperties: false };
    this.#generator ??= createGenerator({ path: file, tsconfig, type: "*", expose, ...shape });
    const schema: object = this.#generator.createSchema(type);
    mkdirSync(kept, { recursive: true });
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(schema));
    renameSync(`${path}.${process.pid}`, path);
    return schema;
  }
}
