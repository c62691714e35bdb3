const URL_PASSWORD = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@?#]*):[^\s/?#]*@/gi;
const PARAMETER = /\b(password|passwd|pwd|sslpassword)=([^\s&;'"]+|'[^']*'|"[^"]*")/gi;

/** The text with passwords in URLs and in `password=…` settings replaced by `***`. */
export function redact(text: string): string {
  if (!text.includes("://") && !text.includes("=")) return text;
  return text.replace(URL_PASSWORD, "$1:***@").replace(PARAMETER, "$1=***");
}
