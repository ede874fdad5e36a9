import { describeWatchContract } from "../contract-watches.js";
import { microsoftContract } from "./microsoft-contract.js";

describeWatchContract(microsoftContract);
