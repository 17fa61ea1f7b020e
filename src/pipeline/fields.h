/*
 * The fields of Tekton's resources as tables: which are read, which mean nothing locally, which are not supported yet.
 *
 * Layer 9, inside pipeline.
 */
#ifndef HM_PIPELINE_FIELDS_H
#define HM_PIPELINE_FIELDS_H

#include "pipeline/model.h"

struct hm_fields;

extern const struct hm_fields hm_fields_pipeline, hm_fields_task;

/*
 * Check a document against its table: every field known, supported and of its kind, all text free of NUL.
 *
 * Errors  HM_EPARSE pipeline.unknown-field, pipeline.unsupported, pipeline.field
 */
enum hm_status hm_fields_check(const struct hm_pipeline_doc *doc, const struct hm_fields *fields,
			       struct hm_err *err) HM_MUST;

/* Refuse what stands at a node, with file, row, column and path. */
enum hm_status hm_pipeline_refuse(const struct hm_pipeline_doc *doc, const struct hm_value *node, struct hm_err *err,
				  enum hm_reason reason, const char *fmt, ...) HM_PRINTF(5, 6) HM_MUST;

#endif
