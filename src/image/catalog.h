/*
 * The Go programs in files, folders and image layers, found by what they are and not by their names.
 *
 * Nothing that is found is run. Layers are read as their container would see them: a later layer hides what an earlier
 * one had at the same place, or says by a whiteout that it is gone.
 *
 * Not here: writing the SBOM (sbom.h). Programs other than Go's, packages of distributions.
 * Layer 8. One thread a catalog.
 */
#ifndef HM_IMAGE_CATALOG_H
#define HM_IMAGE_CATALOG_H

#include "archive/read.h"
#include "base/err.h"
#include "crypto/digest.h"
#include "golang/buildinfo.h"

#include <stddef.h>

/* A program; hard links to it are several places of one. */
struct hm_image_binary {
	size_t refs;
	struct hm_hash sha256;
	struct hm_golang_buildinfo info;
};

struct hm_image_found {
	char *path;          /* "/ko-app/hello" in an image, "bin/hello" below a folder, a file's name */
	size_t image, layer; /* layers are counted over all images, from 1 */
	struct hm_image_binary *binary;
};

struct hm_image_catalog {
	struct hm_image_found *found; /* in the order in which they were found */
	size_t count, cap;
	size_t layer; /* that was read last */
};

void hm_image_catalog_done(struct hm_image_catalog *catalog);

/*
 * Add the program in a file.
 *
 * Shape   name: under which it stands there.
 * Errors  HM_EPARSE golang.no-build-info, golang.build-info; HM_EIO; HM_ELIMIT image.limit; HM_ENOMEM
 */
enum hm_status hm_image_catalog_file(struct hm_image_catalog *catalog, const char *path, const char *name,
				     struct hm_err *err) HM_MUST;

/* Add the programs in a folder; what is none is passed over. No link is followed. Errors: as above. */
enum hm_status hm_image_catalog_folder(struct hm_image_catalog *catalog, const char *path, struct hm_err *err) HM_MUST;

/*
 * Put a layer over what is there of an image.
 *
 * Shape   image: the number of the image whose layer it is.
 * Errors  as hm_archive_next() and hm_archive_copy(); HM_EPARSE golang.build-info: a Go program whose build info cannot
 *         be read, for a list without it would not be complete; HM_ELIMIT image.limit
 * Source  image-spec v1.1.1, layer.md, Whiteouts
 */
enum hm_status hm_image_catalog_layer(struct hm_image_catalog *catalog, size_t image, struct hm_archive *archive,
				      struct hm_err *err) HM_MUST;

#endif
