import { getSystemErrorName } from 'node:util';
import { SystemError } from '@tinydocker/shared/errors.js';
import koffi from 'koffi';
import { helperPath } from './helpers.js';

/** libtd-native: every function returns a value >= 0 or -errno. */
const library = koffi.load(helperPath('libtd-native.so'));

export const native = {
  spawn: library.func('int td_spawn(const char *path, char **argv, char **envp, int *fds, int nfds, const char *cwd)'),
  waitpid: library.func('int td_waitpid(int pid, _Out_ int *status)'),
  socketpair: library.func('int td_socketpair(int packets, _Out_ int *pair)'),
  pipe: library.func('int td_pipe(_Out_ int *pair)'),
  send: library.func('int td_send(int fd, const uint8_t *data, uint64_t size, int *fds, int nfds)'),
  connect: library.func('int td_connect(const char *path)'),
  dup: library.func('int td_dup(int fd)'),
  close: library.func('int td_close(int fd)'),
  shutdown: library.func('int td_shutdown(int fd, int how)'),
  hungUp: library.func('int td_hung_up(int fd)'),
  peer: library.func('int td_peer(int fd, _Out_ int *pid, _Out_ int *uid, _Out_ int *gid)'),
  pidfdOpen: library.func('int td_pidfd_open(int pid)'),
  pidfdSendSignal: library.func('int td_pidfd_send_signal(int pidfd, int signal)'),
  sealedMemfd: library.func('int td_sealed_memfd(const char *path)'),
  lock: library.func('int td_lock(const char *path)'),
  logRead: library.func(
    'int64_t td_log_read(int fd, int flags, int64_t since, int64_t until, void *cursor, void *in, uint64_t in_size, void *out, uint64_t out_size)',
  ),
  logTail: library.func('int td_log_tail(int fd, int flags, uint64_t count, void *position, void *found)'),
  writeFile: library.func('int td_write_file(const char *path, const uint8_t *data, uint64_t size, int mode)'),
  mount: library.func(
    'int td_mount(const char *source, const char *target, const char *type, uint64_t flags, const char *data)',
  ),
  umount: library.func('int td_umount(const char *target, int flags)'),
  linkMake: library.func('int td_link_make(const char *kind, const char *name, const char *alias, unsigned int mtu)'),
  vlanMake: library.func('int td_vlan_make(const char *name, const char *alias, const char *parent, unsigned int id)'),
  linkUp: library.func('int td_link_up(const char *name)'),
  linkSetMaster: library.func('int td_link_set_master(const char *name, const char *bridge)'),
  linkRemove: library.func('int td_link_remove(const char *name)'),
  addressSet: library.func('int td_address_set(const char *name, const char *address, int present)'),
  networkDump: library.func('int64_t td_network_dump(void *out, uint64_t size)'),
  receiveFds: library.func('int td_receive_fds(int fd, _Out_ int *fds, int count)'),
  connectBeside: library.func('int td_connect_beside(int beside, int stream, const char *address, int port)'),
  resolverReply: library.func(
    'int td_resolver_reply(int raw, const char *address, int port, const uint8_t *data, uint64_t size)',
  ),
  notify: library.func('int td_notify(const char *path, const char *state)'),
  netfilterOpen: library.func('int td_netfilter_open()'),
  netfilterSend: library.func(
    'int td_netfilter_send(int fd, const uint8_t *messages, uint64_t size, _Out_ uint32_t *failed)',
  ),
  netfilterDump: library.func(
    'int64_t td_netfilter_dump(int fd, const uint8_t *request, uint64_t size, void *out, uint64_t out_size)',
  ),
  netfilterWatch: library.func('int td_netfilter_watch(int fd, const char *tables)'),
  portHold: library.func(
    'int td_port_hold(const uint8_t *address, int address_size, int type, int protocol, int port, int reuse)',
  ),
} as const;

/** The result of a native call, or its -errno thrown as a SystemError that names call and path. */
export function checked(result: number, syscall: string, path?: string): number {
  if (result < 0) throw new SystemError(syscall, getSystemErrorName(result), path);
  return result;
}
