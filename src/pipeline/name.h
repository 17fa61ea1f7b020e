/*
 * The small grammars of Kubernetes and Tekton: names, durations, quantities.
 *
 * Layer 9. Pure; any thread.
 */
#ifndef HM_PIPELINE_NAME_H
#define HM_PIPELINE_NAME_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* RFC 1123 label: small letters, digits and inner hyphens, up to 63. */
bool hm_name_is_label(struct hm_str s);

/* A resource's name as Tekton takes it: labels with dots between them, up to 63 in all. */
bool hm_name_is_resource(struct hm_str s);

/* Of a string or array param, with dots; of an object param and of its keys, without. */
bool hm_name_is_param(struct hm_str s, bool with_dots);

/* Of a result: letters, digits, '-', '_' and '.', a letter or digit at both ends. */
bool hm_name_is_result(struct hm_str s);

/* Of a workspace: what can stand in a variable and in a path. Tekton takes anything. */
bool hm_name_is_workspace(struct hm_str s);

/* Of an environment variable, as Kubernetes takes it. */
bool hm_name_is_env(struct hm_str s);

/* Where a workspace may be mounted: absolute, in normal form, and nowhere that the system or we have in use. */
bool hm_mount_path_is_good(struct hm_str s);

/* A path below a folder that cannot lead out of it: relative, in normal form. */
bool hm_sub_path_is_good(struct hm_str s);

/*
 * A duration as Go's time.ParseDuration reads it: "1h30m", "1.5s", "0".
 *
 * Errors  false: it is none, or does not fit
 */
bool hm_duration_read(struct hm_str s, int64_t *ret_ns) HM_MUST;

/*
 * A quantity as Kubernetes reads it: "512Mi", "0.5", "500m", "1e3".
 *
 * Shape   scale: what one unit is in ret_number, 1 for bytes, 1000 for thousandths of a processor.
 * Errors  false: it is none, is negative, or does not fit. What lies between is rounded up.
 * Source  k8s.io/apimachinery pkg/api/resource
 */
bool hm_quantity_read(struct hm_str s, uint64_t scale, uint64_t *ret_number) HM_MUST;

#endif
