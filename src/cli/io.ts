/** What a command may do to the world around it; tests give their own. */
export interface Io {
  /** Writes a line of results to standard output. */
  print(line: string): void;
  /** Writes a line to standard error. */
  error(line: string): void;
  /** The terminal to draw a progress bar on; undefined where output is read by a program. */
  readonly terminal?: NodeJS.WriteStream | undefined;
  /** Calls the listener at Ctrl-C and when asked to terminate; returns what ends that. */
  onInterrupt(listener: () => void): () => void;
  /** Calls the listener when the process is told to read its files anew (SIGHUP); returns what ends that. */
  onHangUp(listener: () => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** What a command prints to: as {@link Io}, with a way to say what `--quiet` leaves out. */
export interface Console extends Io {
  /** Writes a line that is not the result itself. */
  note(line: string): void;
}

export function createConsole(io: Io, quiet: boolean): Console {
  if (quiet) return { ...io, terminal: undefined, note() {} };
  return { ...io, note: (line) => io.print(line) };
}

/** The same console without its notes. */
export const silent = (console: Console): Console => ({ ...console, note() {} });

/** The same console, which says the same note only once. */
export function tellingOnce(console: Console): Console {
  const told = new Set<string>();
  const note = (line: string) => {
    if (!told.has(line)) console.note(line);
    told.add(line);
  };
  return { ...console, note };
}

/** The process itself. */
export function processIo(): Io {
  // A reader that has seen enough, as in `polymind recommend | head -1`, is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
  return {
    print: (line) => process.stdout.write(`${line}\n`),
    error: (line) => process.stderr.write(`${line}\n`),
    terminal: process.stdout.isTTY ? process.stdout : undefined,
    onInterrupt(listener) {
      const signals = ["SIGINT", "SIGTERM"] as const;
      for (const signal of signals) process.on(signal, listener);
      return () => {
        for (const signal of signals) process.off(signal, listener);
      };
    },
    onHangUp(listener) {
      process.on("SIGHUP", listener);
      return () => process.off("SIGHUP", listener);
    },
    exit: (code) => process.exit(code),
  };
}

/** Whether a host is this machine by a name that no other has. */
export const isLoopback = (host: string): boolean => /^(localhost|\[?::1\]?|127\..*)$/.test(host);
