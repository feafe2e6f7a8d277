/** Where we differ from the reference and mean to. Each takes the difference out of what either side has shown. */
export const KNOWN_DIFFERENCES: readonly { reason: string; apply: (text: string) => string }[] = [
  {
    reason:
      'dockerd tells through which of its parts an error came; we tell the container, the step that failed and the errno',
    apply: (text) =>
      text
        .replace(/failed to create task for container: .*?unable to start container process: /g, '')
        .replace(/error during container init: /g, '')
        .replace(/failed to start container "[^"]*": (user: )?/g, '')
        .replace(/OCI runtime exec failed: .*?unable to start container process: |exec failed: /g, '')
        .replace(/(Error response from daemon: )user: /g, '$1')
        .replace(/ \(E[A-Z]+\)/g, ''),
  },
  {
    reason: 'on a machine with cgroups v1 dockerd gives containers no cgroup namespace of their own',
    apply: (text) => text.replace(/"CgroupnsMode":"(host|private)"/g, '"CgroupnsMode":"..."'),
  },
  {
    reason: 'our runtime has a name of its own',
    apply: (text) => text.replace(/"Runtime":"(runc|td-shim)"/g, '"Runtime":"..."'),
  },
  {
    reason: 'a load that fails has a status to match, and says that it is the archive that is broken off',
    apply: (text) =>
      text.replace(/^(Error response from daemon: the archive cannot be read: .*|unexpected EOF)$/gm, 'broken archive'),
  },
  {
    reason:
      'the docker command may complain of a pipe that the daemon has closed, beside saying what the daemon answered',
    apply: (text) => text.replace(/^time="[^"]*" level=error msg="Can't add file .* closed pipe"\n/gm, ''),
  },
  {
    reason: 'what is no tar archive is called that, not an unexpected end',
    apply: (text) =>
      text.replace(
        /^(Error response from daemon: )(the archive is not a tar archive|unexpected EOF)$/gm,
        '$1no archive',
      ),
  },
  {
    reason: 'what runc says of a step of a start, and what td-shim says of the same',
    apply: (text) =>
      text
        .replace(/Cannot mkdir: (\S+) is not a directory/g, 'mkdir: make working directory "$1": not a directory')
        .replace(/chdir to cwd \("(.*?)"\) set in config.json failed/g, 'chdir: enter working directory "$1"')
        .replace(/error setting rlimits for ready process: error setting rlimit type/g, 'setrlimit: set resource limit')
        .replace(/user \S+: (uids and gids must be)/g, '$1')
        .replace(/open sysctl net\.nonesuch file: .*: (no such file)/g, 'sysctl: set sysctl "net/nonesuch" to "1": $1')
        .replace(/(?:failed to create task .*)?(sysctl "\S+") (?:is )?not (?:allowed|in) .*/g, '$1 is of the host')
        .replace(
          /error mounting "tmpfs" to rootfs at ("\S+"): .*: (invalid argument)/g,
          'mount: mount "tmpfs" on $1: $2',
        )
        .replace(/(mount "tmpfs" on "\S+"): tmpfs: Bad value for '\w+'/g, '$1'),
  },
  {
    reason: 'dockerd creates a container for a network that is not there and does not start it; we do not create it',
    apply: (text) => text.replace(/failed to set up container networking: (network \S+ not found)/g, '$1'),
  },
  {
    reason: 'the number with which dockerd counts security options is left out',
    apply: (text) => text.replace(/(invalid --security-opt) \d+/g, '$1'),
  },
  {
    reason: 'a time that is none is quoted alone',
    apply: (text) =>
      text.replace(
        /(Error response from daemon: )failed to parse value as time or duration: "(.*)"/g,
        "$1invalid time: '$2'",
      ),
  },
  {
    reason: 'without registries the image of another platform is not looked for there',
    apply: (text) =>
      text.replace(/(Error response from daemon: )(Get "https:.*|cannot pull .*)/g, '$1no such image there'),
  },
  {
    reason:
      'dockerd makes a container for each step of a build and keeps that of one that fails; we make them for commands only and say where a step has failed',
    apply: (text) =>
      text
        .replace(/^ ---> (Running in|Removed intermediate container) <short id>\n/gm, '')
        .replace(/^ ---> Failed at line .*\n/gm, ''),
  },
];
