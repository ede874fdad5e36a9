import busboy from "busboy";
import { refusals } from "./refusals.js";

/**
 * The text fields of a multipart form, in order. Files are left out.
 * @throws Refusal 400
 */
export async function readMultipart(bytes: Buffer, contentType: string): Promise<[string, string][]> {
  const fields: [string, string][] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      const form = busboy({ headers: { "content-type": contentType } });
      form.on("field", (name, value) => fields.push([name, value]));
      form.on("file", (_name, file) => file.resume());
      form.on("error", reject);
      form.on("close", resolve);
      form.end(bytes);
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unreadable";
    throw refusals.unreadableBody(`Multipart form parse error - ${reason}`);
  }
  return fields;
}
