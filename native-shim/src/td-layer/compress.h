/* The verb compress: a layer's archive becomes gzip, by isa-l, which takes a tenth of zlib's time. */
#ifndef TD_LAYER_COMPRESS_H
#define TD_LAYER_COMPRESS_H

/* Finds the library, outside of the confinement: there is nothing of the host in it. */
void compress_load(void);

/* Reads a file to its end, writes it compressed, and prints the digest and the size of that. */
void compress_file(int from, int to);

#endif
