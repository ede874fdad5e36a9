import { MemberProcess, type LogLine, type MemberRole } from "./member-process.js";
import { SharedWork } from "./shared-work.js";

export interface MembersOptions {
  /** Of the processes, one each. */
  roles: readonly MemberRole[];
  /** See member.ts. */
  program: string;
  environment: Record<string, string>;
  folder: string;
  print: (line: string) => void;
  /** A process could not be started again. */
  onFailure: (error: unknown) => void;
}

/** The server processes of the cluster. One that ends before it is told to is told of and started again. */
export class Members {
  readonly work: SharedWork;
  private readonly running = new Set<MemberProcess>();
  private starting: Promise<unknown> = Promise.resolve();
  private isStopping = false;

  constructor(private readonly options: MembersOptions) {
    this.work = new SharedWork(options.print);
  }

  /** Resolves when all of them are ready. */
  async start(): Promise<void> {
    const started = Promise.all(this.options.roles.map((role) => this.add(role)));
    this.starting = started;
    await started;
  }

  pidsOf(role: MemberRole): number[] {
    return [...this.running].filter((member) => member.role === role).map(({ pid }) => pid);
  }

  urls(): string[] {
    return [...this.running].flatMap(({ url }) => (url === null ? [] : [url]));
  }

  /** Ends all of them, also those that are just starting. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.starting.catch(() => undefined);
    await Promise.all([...this.running].map((member) => member.stop()));
  }

  private async add(role: MemberRole): Promise<MemberProcess> {
    const { program, environment, folder } = this.options;
    const early: LogLine[] = [];
    let onLine = (line: LogLine): void => void early.push(line);
    const member = await MemberProcess.start(role, {
      ...{ program, environment, folder },
      onLine: (line) => {
        onLine(line);
      },
    });
    this.running.add(member);
    if (role === "worker") this.work.join(member.pid);
    onLine = (line) => {
      this.work.read(member.pid, line);
    };
    early.forEach(onLine);
    void member.ended.then((outcome) => {
      this.replace(member, outcome);
    });
    return member;
  }

  private replace(member: MemberProcess, outcome: number | NodeJS.Signals): void {
    this.running.delete(member);
    if (this.isStopping) return;
    const { role, pid } = member;
    const { print, onFailure } = this.options;
    const lost = this.work.lose(pid);
    print(
      `${role} ${pid} has ended (${outcome})${lost > 0 ? withRuns(lost) : ""}; another one is started in its place`,
    );
    this.starting = this.add(role).then(({ pid: newPid }) => {
      print(`${role} ${newPid} is ready`);
    });
    this.starting.catch(onFailure);
  }
}

function withRuns(count: number): string {
  return ` with ${count} ${count === 1 ? "run" : "runs"} under way, which others take over once its heartbeat has been missing for 10 s`;
}
