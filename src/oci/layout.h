/*
 * Image layouts: a folder that holds images as a registry would.
 *
 * Reading trusts nothing in the folder: a blob is given out only after its size and digest were compared with those of
 * the descriptor that led to it, nothing is opened through a link, and indexes nest no deeper than HM_MAX_OCI_DEPTH.
 * Writing makes the whole folder aside and puts it in place in one step; the same content makes the same files.
 *
 * Not here: registries, tar files of layouts.
 * Layer 6. Threads: a layout that is open may be read by several; a writer takes blobs from several, all else is one
 * thread's.
 * Source  image-spec v1.1.1, image-layout.md
 */
#ifndef HM_OCI_LAYOUT_H
#define HM_OCI_LAYOUT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/sink.h"
#include "oci/manifest.h"

#include <stddef.h>

/* In a layout's index: which tag an image has there. */
#define HM_OCI_ANNOTATION_REF_NAME "org.opencontainers.image.ref.name"

struct hm_oci_layout;

/*
 * Open a layout and read its index.
 *
 * Owns    ret_layout is the caller's, for hm_oci_layout_free()
 * Errors  HM_EPARSE oci.layout: no layout, another version, a link or folder where a file belongs; those of
 *         hm_oci_index_parse(); HM_ENOTFOUND; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_oci_layout_open(const char *path, struct hm_oci_layout **ret_layout, struct hm_err *err) HM_MUST;

struct hm_oci_layout *hm_oci_layout_free(struct hm_oci_layout *layout);
static inline void hm_oci_layout_freep(struct hm_oci_layout **layout)
{
	*layout = hm_oci_layout_free(*layout);
}

/* What index.json says. Borrowed. */
const struct hm_oci_index *hm_oci_layout_index(const struct hm_oci_layout *layout);

/*
 * Read a blob into memory.
 *
 * Units   max: bytes.
 * Owns    ret_data is the caller's
 * Errors  HM_EVERIFY oci.mismatch; HM_ENOTFOUND oci.missing; HM_EPARSE oci.layout; HM_ELIMIT oci.limit: over max;
 *         HM_EIO; HM_ENOMEM
 */
enum hm_status hm_oci_layout_read(const struct hm_oci_layout *layout, const struct hm_oci_descriptor *descriptor,
				  size_t max, struct hm_buf *ret_data, struct hm_err *err) HM_MUST;

/*
 * Open a blob whose content has just been checked, for whoever reads it in pieces.
 *
 * Shape   ret_fd: at its beginning. What others write into the file afterwards is not noticed.
 * Owns    ret_fd is the caller's to close
 * Errors  as hm_oci_layout_read()
 */
enum hm_status hm_oci_layout_open_blob(const struct hm_oci_layout *layout, const struct hm_oci_descriptor *descriptor,
				       int *ret_fd, struct hm_err *err) HM_MUST;

/* A document that a walk came to. */
struct hm_oci_node {
	const struct hm_oci_descriptor *descriptor;
	const struct hm_oci_descriptor *parent; /* of the index that names it; NULL: it is the layout's own */
	struct hm_str bytes;                    /* of an index or a manifest; else empty */
	const struct hm_oci_index *index;       /* NULL: it is none */
	const struct hm_oci_manifest *manifest; /* NULL: it is none */
};

/*
 * What is done for a document.
 *
 * Owns    the node is borrowed for the call
 * Errors  anything but HM_OK ends the walk with that status
 */
typedef enum hm_status (*hm_oci_visit_fn)(void *ctx, const struct hm_oci_node *node, struct hm_err *err);

/*
 * Visit all that the layout's index names, and what the indexes among that name, each before what is in it. One that is
 * named twice is visited twice. Configurations and layers are not visited.
 *
 * Errors  what visit returned; as hm_oci_layout_read(); those of hm_oci_manifest_parse();
 *         HM_ELIMIT oci.limit: over HM_MAX_OCI_DEPTH or HM_MAX_OCI_NODES
 */
enum hm_status hm_oci_layout_walk(const struct hm_oci_layout *layout, hm_oci_visit_fn visit, void *ctx,
				  struct hm_err *err) HM_MUST;

/*
 * Check the whole layout: every document and blob that its index leads to is there and has its size and digest.
 *
 * Errors  as hm_oci_layout_walk()
 */
enum hm_status hm_oci_layout_check(const struct hm_oci_layout *layout, struct hm_err *err) HM_MUST;

struct hm_oci_writer;

/*
 * Begin to write a layout.
 *
 * Shape   path: where it will be; its parent is there. Nothing is there now, or an empty folder, or a layout, which
 *         then makes room for the new one.
 * Owns    ret_writer is the caller's, for hm_oci_writer_free(), which removes what was not finished
 * Errors  HM_ECONFLICT oci.exists; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_oci_writer_new(const char *path, struct hm_oci_writer **ret_writer, struct hm_err *err) HM_MUST;

struct hm_oci_writer *hm_oci_writer_free(struct hm_oci_writer *writer);
static inline void hm_oci_writer_freep(struct hm_oci_writer **writer)
{
	*writer = hm_oci_writer_free(*writer);
}

/*
 * Add a blob.
 *
 * Shape   ret_descriptor: media type, SHA-256 and size; all else empty.
 * Owns    ret_descriptor borrows media_type
 * Errors  HM_EIO; HM_ENOMEM
 */
enum hm_status hm_oci_writer_add(struct hm_oci_writer *writer, const char *media_type, struct hm_str bytes,
				 struct hm_oci_descriptor *ret_descriptor, struct hm_err *err) HM_MUST;

/* A blob whose bytes come one after the other. */
struct hm_oci_blob;

/* Begin one. Owns: ret_blob is the caller's, for hm_oci_blob_free(); it borrows writer. Errors: HM_EIO; HM_ENOMEM. */
enum hm_status hm_oci_blob_new(struct hm_oci_writer *writer, struct hm_oci_blob **ret_blob, struct hm_err *err) HM_MUST;

/* Where its bytes go. Owns: borrows blob. */
struct hm_sink hm_oci_blob_sink(struct hm_oci_blob *blob);

/* End it: it is in the layout then. Shape and Errors: as hm_oci_writer_add(). */
enum hm_status hm_oci_blob_finish(struct hm_oci_blob *blob, const char *media_type,
				  struct hm_oci_descriptor *ret_descriptor, struct hm_err *err) HM_MUST;

struct hm_oci_blob *hm_oci_blob_free(struct hm_oci_blob *blob);
static inline void hm_oci_blob_freep(struct hm_oci_blob **blob)
{
	*blob = hm_oci_blob_free(*blob);
}

/*
 * Write the layout's index and put the layout in its place, durably.
 *
 * Shape   descriptors: what index.json names.
 * Errors  HM_EIO: what was there before is there still; HM_ENOMEM
 */
enum hm_status hm_oci_writer_finish(struct hm_oci_writer *writer, const struct hm_oci_descriptor *descriptors,
				    size_t count, struct hm_err *err) HM_MUST;

#endif
