import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { copyContext } from "./build-context.ts";
import { type Stage, type Step, readDockerfile } from "./dockerfile.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..", "..");
const OUTPUT_BYTES_LIMIT = 64 * 2 ** 20;

/** What an image is apart from its files. */
export interface ImageSettings {
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** `uid:gid`. */
  readonly user: string;
  readonly volumes: readonly string[];
  readonly healthCheck: readonly string[];
}

/**
 * The Dockerfile's steps executed without a container engine: a stage is a directory, and `RUN`
 * works there with the machine's own tools, absolute paths being mapped into it. The final
 * stage's base image is a Node with the libraries it needs, and nothing else: a command that wanted a
 * shell would not start. It is run in a chroot, as process 1 of a namespace of its own.
 */
export class BuiltImage {
  readonly directory: string;
  readonly settings: ImageSettings;
  readonly #parent: string;

  private constructor(parent: string, directory: string, settings: ImageSettings) {
    this.#parent = parent;
    this.directory = directory;
    this.settings = settings;
  }

  static async build(): Promise<BuiltImage> {
    const parent = await mkdtemp(join(tmpdir(), "freshet-image-"));
    await chmod(parent, 0o755);
    const directories = new Map<string, string>();
    const stages = await readDockerfile(join(root, "Dockerfile"));
    for (const [index, stage] of stages.entries()) {
      const directory = join(parent, stage.name === "" ? `stage-${index}` : stage.name);
      await mkdir(directory);
      await execute(stage, directory, directories);
      directories.set(stage.name, directory);
    }
    const last = stages.at(-1);
    const directory = directories.get(last?.name ?? "");
    if (last === undefined || directory === undefined) throw new Error("no stage");
    await addBase(directory);
    return new BuiltImage(parent, directory, settingsOf(last));
  }

  /**
   * The image's command with arguments, like `docker run IMAGE ARGS`, or another in the same place.
   * The network is the machine's.
   */
  start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    command: readonly string[] = this.settings.entryPoint,
  ): ChildProcess {
    const { user } = this.settings;
    const [program = "", ...rest] = command;
    const inside = [join("/usr/local/bin", program), ...rest, ...args];
    const words = ["--pid", "--fork", "--kill-child", "chroot", `--userspec=${user}`];
    return spawn("unshare", [...words, this.directory, ...inside], {
      env: { PATH: process.env["PATH"], ...this.settings.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  async remove(): Promise<void> {
    await rm(this.#parent, { recursive: true, force: true });
  }
}

/** The process that `BuiltImage.start` began, as the machine numbers it. */
export async function processOf(child: ChildProcess): Promise<number> {
  const text = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
  const pid = Number(text.trim().split(" ")[0]);
  if (!(pid > 0)) throw new Error("the command does not run");
  return pid;
}

async function execute(
  stage: Stage,
  directory: string,
  stages: ReadonlyMap<string, string>,
): Promise<void> {
  let workdir = directory;
  for (const step of stage.steps) {
    if (step.instruction === "WORKDIR") {
      workdir = join(directory, step.text);
      await mkdir(workdir, { recursive: true });
    } else if (step.instruction === "COPY") {
      await copy(step, directory, workdir, stages);
    } else if (step.instruction === "RUN") {
      const command = step.text.replace(/(?<=^|\s)\/(?=\w)/g, `${directory}/`);
      const env = { ...process.env, npm_config_prefer_offline: "true" };
      const options = { cwd: workdir, env, maxBuffer: OUTPUT_BYTES_LIMIT };
      await run("/bin/sh", ["-c", command], options);
    }
  }
}

async function copy(
  { words, options }: Step,
  directory: string,
  workdir: string,
  stages: ReadonlyMap<string, string>,
): Promise<void> {
  const [source = "", target = ""] = words;
  const to = target.startsWith("/") ? join(directory, target) : join(workdir, target);
  const from = options.get("from");
  if (from !== undefined) await cp(join(stages.get(from) ?? "", source), to, { recursive: true });
  else if (source === ".") await copyContext(root, to);
  else await cp(join(root, source), to, { recursive: true });
}

/** Node, its libraries and a place for temporary files. */
async function addBase(directory: string): Promise<void> {
  const node = await realpath(process.execPath);
  await mkdir(join(directory, "usr", "local", "bin"), { recursive: true });
  await copyFile(node, join(directory, "usr", "local", "bin", "node"));
  const { stdout } = await run("ldd", [node]);
  for (const [, path = ""] of stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(/gm)) {
    await mkdir(join(directory, dirname(path)), { recursive: true });
    await copyFile(await realpath(path), join(directory, dirname(path), basename(path)));
  }
  await mkdir(join(directory, "tmp"));
  await chmod(join(directory, "tmp"), 0o1777);
}

function settingsOf({ steps }: Stage): ImageSettings {
  const last = (name: string): Step | undefined =>
    steps.findLast(({ instruction }) => instruction === name);
  const env = steps
    .filter(({ instruction }) => instruction === "ENV")
    .flatMap(({ words }) => words.map((word) => word.split("=") as [string, string]));
  const check = last("HEALTHCHECK")?.text ?? "CMD []";
  return {
    entryPoint: last("ENTRYPOINT")?.words ?? [],
    command: last("CMD")?.words ?? [],
    env: Object.fromEntries(env),
    user: last("USER")?.text ?? "0:0",
    volumes: last("VOLUME")?.words ?? [],
    healthCheck: JSON.parse(check.slice(check.indexOf("["))) as string[],
  };
}
