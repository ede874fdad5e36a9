import { describeProviderContract } from "../contract.js";
import { microsoftContract } from "./microsoft-contract.js";

describeProviderContract(microsoftContract);
