/*
 * The folders of a run: where it works, what it keeps, and how a finished result comes to its place.
 *
 *   MODULE/.hallmark/lock            held while a run works here
 *   MODULE/.hallmark/run-XXXXXXX/    of the run: source, evidence, reports, release; gone when it ends
 *   MODULE/.hallmark/log/TASK/STEP.log   of the last run
 *   MODULE/.hallmark/out/NAME/       the result, put there in one step
 *   $XDG_CACHE_HOME/hallmark/        Go's caches, of hallmark alone: mod, build, and test/KEY for each module, whose
 *                                    tests can write there; other/KEY/ for each pipeline that is not the shipped one
 *   $XDG_STATE_HOME/hallmark/        the local instance's keys and log
 *
 * Layer 13. One thread.
 */
#ifndef HM_CLI_RUN_PLACES_H
#define HM_CLI_RUN_PLACES_H

#include "base/err.h"

struct hm_run_places {
	char *home; /* the folder that holds .hallmark, absolute, without links */
	char *base; /* HOME/.hallmark */
	char *dir;  /* of this run; NULL: none was made */
	char *source, *evidence, *reports, *release;
	char *modules, *build_cache, *test_cache;
	char *log;
	char *state;
	int lock; /* descriptor, -1: none */
};

/*
 * Take the folder for one run, make what is missing, and remove what a killed run left.
 *
 * Shape   home: as above; state: --state, or NULL; pipeline: the file of one that somebody else wrote, whose steps may
 *         write whatever they were given, so it shares no cache; NULL: the one that ships with hallmark.
 * Owns    ret_places is the caller's, for hm_run_places_done(), which removes the run's folder
 * Errors  HM_ECONFLICT file.locked: another run works there; HM_EINVAL usage: no home; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_run_places_open(const char *home, const char *state, const char *pipeline,
				  struct hm_run_places *ret_places, struct hm_err *err) HM_MUST;

void hm_run_places_done(struct hm_run_places *places);

/*
 * Put the release in its place, durably, with what was there before gone.
 *
 * Shape   name: of the program, a name without slashes.
 * Owns    ret_out, the folder's path, is the caller's
 * Errors  HM_EIO: what was there before is there still
 */
enum hm_status hm_run_places_publish(struct hm_run_places *places, const char *name, char **ret_out,
				     struct hm_err *err) HM_MUST;

#endif
