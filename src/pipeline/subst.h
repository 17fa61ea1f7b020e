/*
 * Tekton's variables, $(params.x) and the others: finding them in text, and putting their values in.
 *
 * Values go in as they are, quoted by nobody, and are never read again for variables of their own: one pass. So a value
 * in a script is a piece of program, which is why tasks that handle other people's values pass them through env.
 *
 * What does not look like one of Tekton's variables is left alone: "$(date)" is the shell's. "$$" is no escape for
 * Tekton; it is one for Kubernetes, in command, args and env, which hm_subst_expand() plays.
 *
 * Layer 9. Pure; any thread.
 * Source: github.com/tektoncd/pipeline v1.15.0, pkg/substitution, docs/variables.md
 */
#ifndef HM_PIPELINE_SUBST_H
#define HM_PIPELINE_SUBST_H

#include "base/buf.h"
#include "base/strv.h"
#include "pipeline/model.h"

enum hm_ref_kind {
	HM_REF_NONE,           /* no variable: text to be left alone */
	HM_REF_PARAM,          /* params.NAME, params['NAME'], params["NAME"] */
	HM_REF_TASK_RESULT,    /* tasks.TASK.results.NAME and the two other forms; finally. too */
	HM_REF_TASK_STATUS,    /* tasks.TASK.status */
	HM_REF_TASK_REASON,    /* tasks.TASK.reason */
	HM_REF_ALL_STATUS,     /* tasks.status */
	HM_REF_WORKSPACE_PATH, /* workspaces.NAME.path */
	HM_REF_WORKSPACE_BOUND,
	HM_REF_RESULT_PATH,    /* results.NAME.path and the two other forms */
	HM_REF_CONTEXT,        /* context.NAME: "pipelineRun.name" */
	HM_REF_STEP_EXIT_CODE, /* steps.NAME.exitCode.path, where NAME is step-NAME of the step */
	HM_REF_UNSUPPORTED,    /* Tekton has it, we have not */
	HM_REF_BAD,            /* looks like a variable and is none */
};

/* Which part of an array or an object. */
enum hm_ref_part {
	HM_REF_WHOLE, /* $(params.x) */
	HM_REF_STAR,  /* $(params.x[*]) */
	HM_REF_INDEX, /* $(params.x[1]) */
	HM_REF_KEY,   /* $(params.x.key) */
};

/* A variable in a text. */
struct hm_ref {
	enum hm_ref_kind kind;
	struct hm_str text; /* all of it, from $( to ) */
	struct hm_str name, task;
	bool is_of_finally; /* TASK_RESULT: written finally.TASK */
	enum hm_ref_part part;
	uint64_t index;
	struct hm_str key;
};

/*
 * The next variable of a text.
 *
 * Shape   text: moved behind it. ret_before: what stands before it; all of the text where none is left.
 * Errors  false: there is none left
 */
bool hm_ref_next(struct hm_str *text, struct hm_str *ret_before, struct hm_ref *ret_ref);

/* Whether a text is one variable and nothing else. */
bool hm_ref_is_whole(struct hm_str text, struct hm_ref *ret_ref);

/*
 * Say what a variable stands for.
 *
 * Shape   ref: of any kind but NONE and BAD; ret_value: the whole param or result, of which subst takes the part; NULL:
 *         leave the variable as it is.
 * Owns    ret_value is borrowed until the next call
 * Errors  any: ends the substitution
 */
typedef enum hm_status (*hm_subst_fn)(void *ctx, const struct hm_ref *ref, const struct hm_param_value **ret_value,
				      struct hm_err *err);

struct hm_subst {
	hm_subst_fn find;
	void *ctx;
};

/*
 * Put values into a text.
 *
 * Errors  HM_EPARSE pipeline.type: an array or object where a text is needed; HM_EPARSE pipeline.reference: an index or
 *         a key that the value has not; HM_ELIMIT; HM_ENOMEM; what find() gave
 */
enum hm_status hm_subst_text(const struct hm_subst *s, struct hm_str text, struct hm_buf *out,
			     struct hm_err *err) HM_MUST;

/* The same into an arena. */
enum hm_status hm_subst_dup(const struct hm_subst *s, struct hm_str text, struct hm_arena *arena,
			    struct hm_str *ret_text, struct hm_err *err) HM_MUST;

/*
 * Put values into each text of a list; one that is nothing but a whole array becomes its elements.
 *
 * Errors  as hm_subst_text(); they stick in list for want of memory
 */
enum hm_status hm_subst_list(const struct hm_subst *s, const struct hm_str *texts, size_t count, struct hm_strv *list,
			     struct hm_err *err) HM_MUST;

/* Put values into a param's value; a string that is nothing but a whole array or object becomes that. */
enum hm_status hm_subst_value(const struct hm_subst *s, const struct hm_param_value *value, struct hm_arena *arena,
			      struct hm_param_value *ret_value, struct hm_err *err) HM_MUST;

/*
 * What Kubernetes does to command, args and env: $(NAME) becomes the variable's value where env has it and stays else,
 * $$ becomes $.
 *
 * Shape   env: NAME=value; those of the step only.
 * Source  k8s.io/kubernetes third_party/forked/golang/expansion
 */
enum hm_status hm_subst_expand(struct hm_str text, const struct hm_strv *env, struct hm_buf *out,
			       struct hm_err *err) HM_MUST;

#endif
