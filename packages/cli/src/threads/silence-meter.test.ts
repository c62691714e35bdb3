import { describe, expect, it } from "vitest";
import { SilenceMeter } from "./silence-meter.ts";

describe("SilenceMeter", () => {
  it("adds up until something is heard", () => {
    const meter = new SilenceMeter(0);
    expect(meter.look(1_000)).toBe(1_000);
    expect(meter.look(2_100)).toBe(2_100);
    meter.heard();
    expect(meter.silentMs).toBe(0);
    expect(meter.look(3_000)).toBe(900);
  });

  it("does not blame a thread for time in which nobody ran", () => {
    const meter = new SilenceMeter(0);
    meter.look(1_000);
    expect(meter.look(3_601_000)).toBe(3_000);
  });
});
