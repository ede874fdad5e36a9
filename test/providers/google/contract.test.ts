import { describeProviderContract } from "../contract.js";
import { googleContract } from "./google-contract.js";

describeProviderContract(googleContract);
