export { byteString } from "@freshet/util";
