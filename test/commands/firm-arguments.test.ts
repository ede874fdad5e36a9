import { describe, expect, test } from "@jest/globals";
import { parseFirmArguments } from "../../src/commands/firm-arguments.js";
import { UsageError } from "../../src/commands/run-command.js";

describe("the arguments of the firm command", () => {
  test("name a firm to add, in any order", () => {
    const firm = { action: "add", id: "17", name: "Müller & Söhne" };
    expect(parseFirmArguments(["add", "--id", "17", "--name", " Müller & Söhne "])).toEqual(firm);
    expect(parseFirmArguments(["--name=Müller & Söhne", "--id=17", "add"])).toEqual(firm);
  });

  test("take ids up to the largest of the database, and names of 200 characters", () => {
    const name = "𝄞".repeat(200);
    expect(parseFirmArguments(["add", "--id", "9223372036854775807", "--name", name])).toEqual({
      action: "add",
      id: "9223372036854775807",
      name,
    });
  });

  test("ask for a list", () => {
    expect(parseFirmArguments(["list"])).toEqual({ action: "list" });
  });

  test("name a firm to erase, and whether to ask or only to tell", () => {
    const firm = { action: "erase", id: "17", isDryRun: false, isConfirmed: false };
    expect(parseFirmArguments(["erase", "--id", "17"])).toEqual(firm);
    expect(parseFirmArguments(["erase", "--id", "17", "--yes"])).toEqual({ ...firm, isConfirmed: true });
    expect(parseFirmArguments(["erase", "--id", "17", "--dry-run"])).toEqual({ ...firm, isDryRun: true });
  });

  test.each([
    [[], "what is to be done is missing"],
    [["remove"], "remove is not known"],
    [["add", "--name", "N"], "--id is missing"],
    [["add", "--id", "17"], "--name is missing"],
    [["add", "--id", "17", "--name", " "], "--name is missing"],
    [["add", "--id", "17", "--name", "x".repeat(201)], "--name must have at most 200 characters"],
    [["add", "--id", "17", "--name", "red \u001B[31m"], "--name must have no control characters"],
    ...["0", "-1", "1.5", "017", "x", "9223372036854775808", ""].map((id): [string[], string] => [
      ["add", `--id=${id}`, "--name", "N"],
      "--id must be a positive whole number",
    ]),
    [["add", "--id", "17", "--name", "Smith", "Sons"], "unexpected argument Sons"],
    [["add", "--id"], "--id"],
    [["add", "--identity", "17"], "--identity"],
    [["list", "--id", "17"], "list takes no options"],
    [["list", "--yes"], "--dry-run and --yes are for erase"],
    [["erase"], "--id is missing"],
    [["erase", "--id", "17", "--name", "N"], "erase takes no name"],
  ])("are refused in one line: %j", (args, message) => {
    const refused = (): unknown => parseFirmArguments(args);
    expect(refused).toThrow(UsageError);
    expect(refused).toThrow(message);
    expect(refused).toThrow(/^[^\n]*Usage: npm run firm[^\n]*$/);
  });
});
