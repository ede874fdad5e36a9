import { describeWatchContract } from "../contract-watches.js";
import { googleContract } from "./google-contract.js";

describeWatchContract(googleContract);
