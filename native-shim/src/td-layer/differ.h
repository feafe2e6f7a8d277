/* The verb differ: whether a layer's directory still is what it was unpacked to. */
#ifndef TD_LAYER_DIFFER_H
#define TD_LAYER_DIFFER_H

/*
 * Compares what lies below two directories and prints where they differ: {"ok":true,"count","problems":[{"path","what"}...]},
 * the first few of them. `right` is as it should be. Opens regular files and directories only.
 */
void differ(int right, int here);

#endif
