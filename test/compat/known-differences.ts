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
];
