import type { Config } from "../config.js";

/** Where Google answers, and as which OAuth application it is asked. */
export interface GoogleApplication {
  apiUrl: string;
  /** Where users are asked to let the application in. */
  authUrl: string;
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
}

/** Where Microsoft Graph answers, and as which OAuth application it is asked. */
export interface MicrosoftApplication {
  apiUrl: string;
  loginUrl: string;
  tenant: string;
  clientId: string;
  clientSecret: string;
}

/** Google as it is configured; null where it is not. */
export function googleApplication({ google }: Config): GoogleApplication | null {
  if (!google.client) return null;
  return {
    apiUrl: google.apiUrl ?? "https://www.googleapis.com/",
    authUrl: google.authUrl ?? "https://accounts.google.com/o/oauth2/v2/auth",
    tokenUrl: google.tokenUrl ?? "https://oauth2.googleapis.com/token",
    clientId: google.client.id,
    clientSecret: google.client.secret,
  };
}

/** Microsoft as it is configured; null where it is not. */
export function microsoftApplication({ microsoft }: Config): MicrosoftApplication | null {
  if (!microsoft.client) return null;
  return {
    apiUrl: microsoft.apiUrl ?? "https://graph.microsoft.com",
    loginUrl: microsoft.loginUrl ?? "https://login.microsoftonline.com",
    tenant: microsoft.tenant,
    clientId: microsoft.client.id,
    clientSecret: microsoft.client.secret,
  };
}
