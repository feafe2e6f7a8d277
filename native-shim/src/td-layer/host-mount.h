/* Mounts on the host for volumes that have a file system of their own. */
#ifndef TD_LAYER_HOST_MOUNT_H
#define TD_LAYER_HOST_MOUNT_H

/* As mount(8) of TYPE, DEVICE and OPTIONS (comma-separated) on TARGET; never returns where it fails. */
void layer_mount(const char *type, const char *device, const char *options, const char *target);

void layer_unmount(const char *target);

#endif
