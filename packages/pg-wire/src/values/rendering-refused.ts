import { OperationalError } from "@freshet/util";

/**
 * A value in the rows cannot be rendered exactly (an instant outside the known range of a named
 * zone). The request must be answered by the upstream; other values of the column may be fine.
 */
export class RenderingRefused extends OperationalError {}
