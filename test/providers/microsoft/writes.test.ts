import { describeWriteContract } from "../contract-writes.js";
import { microsoftContract } from "./microsoft-contract.js";

describeWriteContract(microsoftContract);
