import { createHash, type X509Certificate } from "node:crypto";

/**
 * `tls-server-end-point` (RFC 5929): hash of the server's certificate with its signature's hash
 * function, MD5 and SHA-1 replaced by SHA-256.
 */
export function serverEndPoint(certificate: X509Certificate): Buffer {
  const algorithm = (certificate as { signatureAlgorithm?: string }).signatureAlgorithm ?? "";
  const match = /sha-?(224|256|384|512)/i.exec(algorithm);
  return createHash(`sha${match?.[1] ?? "256"}`)
    .update(certificate.raw)
    .digest();
}
