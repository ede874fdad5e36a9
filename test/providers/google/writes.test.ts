import { describeWriteContract } from "../contract-writes.js";
import { googleContract } from "./google-contract.js";

describeWriteContract(googleContract);
