import type { Answer, IncomingRequest } from "../answer.js";
import type { World } from "../world.js";
import { authorizeAnswer } from "./consent.js";
import { configurationAnswer, instancesAnswer, keysAnswer } from "./identity.js";
import { tokenAnswer } from "./oauth.js";

/** OAuth and OpenID Connect. */
const LOGIN = /^\/ms\/[A-Za-z0-9.-]+\/(.+)$/;
const LOGIN_ROUTES: Readonly<Record<string, (world: World, request: IncomingRequest) => Answer>> = {
  "GET oauth2/v2.0/authorize": authorizeAnswer,
  "POST oauth2/v2.0/authorize": authorizeAnswer,
  "POST oauth2/v2.0/token": tokenAnswer,
  "GET discovery/v2.0/keys": keysAnswer,
  "GET v2.0/.well-known/openid-configuration": (_world, request) => configurationAnswer(request),
  "GET discovery/instance": (_world, request) => instancesAnswer(request),
};

export function isLoginPath(path: string): boolean {
  return methodsOf(path).length > 0;
}

/** The answer of Microsoft's login service, whose addresses begin with `/ms/{tenant}/`. */
export function loginAnswer(world: World, request: IncomingRequest): Answer {
  const { pathname } = request.url;
  const answer = LOGIN_ROUTES[`${request.method} ${LOGIN.exec(pathname)?.[1] ?? ""}`];
  return answer?.(world, request) ?? { status: 405, headers: { allow: methodsOf(pathname).join(", ") }, body: "" };
}

/** The methods that an address answers to. */
function methodsOf(path: string): string[] {
  const place = LOGIN.exec(path)?.[1] ?? "";
  return Object.keys(LOGIN_ROUTES).flatMap((route) => (route.endsWith(` ${place}`) ? [route.split(" ")[0] ?? ""] : []));
}
