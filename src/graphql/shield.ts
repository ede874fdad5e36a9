import { createRequire } from "node:module";
import type * as GraphqlMiddleware from "graphql-middleware" with { "resolution-mode": "require" };
import type * as GraphqlShield from "graphql-shield" with { "resolution-mode": "require" };

const require = createRequire(import.meta.url);

// graphql-shield imports util.isUndefined, which Node 23 removed: its ESM build does not link, its CommonJS build runs once the
// function is back. graphql-middleware comes from CommonJS too, since the two recognise each other's classes by instanceof.
const util = require("node:util") as { isUndefined?: (value: unknown) => boolean };
util.isUndefined ??= (value) => value === undefined;

export const { shield, rule, deny } = require("graphql-shield") as typeof GraphqlShield;
export const { applyMiddleware } = require("graphql-middleware") as typeof GraphqlMiddleware;
