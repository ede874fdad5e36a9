/** Set by `npm run test:long`: what looks for rare mistakes looks longer, and what takes very long is run at all. */
export const isLong = process.env["TEST_LONG"] === "1";
