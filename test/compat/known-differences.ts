/** Where we differ from the reference and mean to. Each takes the difference out of what either side has shown. */
export const KNOWN_DIFFERENCES: readonly { reason: string; apply: (text: string) => string }[] = [
  {
    reason: 'dockerd tells through which of its parts an error came; we tell the container and the step that failed',
    apply: (text) =>
      text
        .replace(/failed to create task for container: .*?(?:during container init|container process): /g, '')
        .replace(/failed to start container "[^"]*": /g, '')
        .replace(/OCI runtime exec failed: .*?(?:container process): /g, '')
        .replace(/exec: exec: /g, 'exec: '),
  },
];
