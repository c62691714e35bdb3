import { redact } from "@freshet/config";

/** Fields whose text is never shown, whatever it is. */
const SECRET_FIELD =
  /pass(word|wd|phrase)|^pwd$|secret|token$|^authorization$|credential|(access|private|session).?key/i;

/** `--rpc-secret x`, `--authority-token=x` on a command line. */
const SECRET_OPTION = /(--[a-z-]*(?:token|secret|password)(?:=|\s+))("[^"]*"|'[^']*'|[^\s"',;]+)/gi;
/** `AUTHORITY_TOKEN=x`, `aws_secret_access_key=x`, `X-Consul-Token: x`, `Authorization: Bearer x`. */
const SECRET_SETTING =
  /\b([\w-]*(?:token|secret|access[-_]?key(?:[-_]?id)?)=|[\w-]+-token:\s*|authorization:\s*(?:[a-z]+\s+)?)("[^"]*"|'[^']*'|[^\s"',;&]+)/gi;
/** The form of AWS's key ids. */
const AWS_KEY_ID = /\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g;
/** Signed S3 addresses. */
const SIGNATURE = /\b(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s"']+/gi;

/** A log field's value without passwords, tokens and keys. */
export function withoutSecrets(field: string, value: string): string {
  if (SECRET_FIELD.test(field) && value !== "") return "***";
  return redact(value)
    .replace(SECRET_OPTION, "$1***")
    .replace(SECRET_SETTING, "$1***")
    .replace(SIGNATURE, "$1***")
    .replace(AWS_KEY_ID, "***");
}
