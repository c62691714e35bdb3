import { OperationalError } from "@freshet/util";

/**
 * One of the two sides will not have the link (another deployment, no common protocol version,
 * not the leader, a wrong secret): trying again changes nothing until somebody changes something.
 * The message is a sentence for a log.
 */
export class LinkRefused extends OperationalError {}
