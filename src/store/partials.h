/*
 * The files of one tile of a log: TILE is the full one, TILE.p/WIDTH each partial one that came before it.
 *
 * Layer 5. Any thread.
 * Source  C2SP tlog-tiles, Partial Tiles
 */
#ifndef HM_STORE_PARTIALS_H
#define HM_STORE_PARTIALS_H

/*
 * Remove what nobody needs any more: partial files narrower than keep, the folder of them once it is empty, and what
 * killed writers left beside all of them. A failure is no harm, and no error.
 *
 * Shape   tile: the full one's path, which need not be there.
 */
void hm_partials_sweep(const char *tile, unsigned keep);

#endif
