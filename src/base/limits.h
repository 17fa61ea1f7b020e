/*
 * Every limit, with its reason. A limit is on what comes from outside; each has a test.
 *
 * Layer 1. Bytes where no unit is in the name.
 */
#ifndef HM_BASE_LIMITS_H
#define HM_BASE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#define HM_KIB ((size_t)1024)
#define HM_MIB (1024 * HM_KIB)
#define HM_GIB (1024 * HM_MIB)

/* Deepest folder that a walk enters: each holds a descriptor, of which a process has 1024, and no real tree comes near.
 */
#define HM_MAX_TREE_DEPTH 256

/* A configuration file, a key, a certificate: nobody writes a larger one by hand. */
#define HM_MAX_CONFIG_FILE (4 * HM_MIB)

/* What a program that we ask for its version or its settings may print. */
#define HM_MAX_PROC_OUTPUT (16 * HM_MIB)

/*
 * JSON, where a caller does not say otherwise. Depth: no format that we read nests half as deep. Members of one array
 * or object: each takes at least two bytes of text and 16 of memory, and is counted in 32 bits.
 */
#define HM_MAX_JSON_SIZE    HM_GIB
#define HM_MAX_JSON_DEPTH   128
#define HM_MAX_JSON_MEMBERS ((uint32_t)1 << 26)

/* What a caller may ask for at most: values are compared and written by functions that call themselves. Go has the
 * same. */
#define HM_TOP_JSON_DEPTH 10000

/*
 * YAML, where a caller does not say otherwise. Size: what people write, and lists of what a large cluster holds. Nodes:
 * aliases written out, so that a page of them cannot become a tree without end. Anchors are searched one by one.
 */
#define HM_MAX_YAML_SIZE    (16 * HM_MIB)
#define HM_MAX_YAML_NODES   2000000
#define HM_MAX_YAML_ANCHORS 1000

/* Elements of a field where the table that it is decoded by says nothing: lists in documents are shorter by far. */
#define HM_MAX_FIELD_ITEMS ((size_t)10000)

/* A name in an archive: the kernel's own limit on a path. */
#define HM_MAX_ARCHIVE_PATH ((size_t)4096)

/* Folders above a name in an archive: far more than sources or images have, few enough to hold one descriptor each. */
#define HM_MAX_ARCHIVE_DEPTH 128

/* Entries of an archive, where the caller says nothing else: an image layer of a whole distribution has some 100,000.
 */
#define HM_MAX_ARCHIVE_ENTRIES ((uint64_t)1000000)

/* One file of an archive, and all of them: over the largest layers in use, under what fills a disk unseen. */
#define HM_MAX_ARCHIVE_FILE  (4 * (uint64_t)HM_GIB)
#define HM_MAX_ARCHIVE_TOTAL (16 * (uint64_t)HM_GIB)

/* How many bytes may come out of one: text stays under 20, a bomb in gzip reaches 1032, in zstd far more. It counts
 * from HM_ARCHIVE_RATIO_FROM bytes on, as small files of zeros are harmless. */
#define HM_MAX_ARCHIVE_RATIO  300
#define HM_ARCHIVE_RATIO_FROM (64 * (uint64_t)HM_MIB)

/* The directory at the end of a zip, which is read into memory: a million entries of ordinary names. */
#define HM_MAX_ZIP_DIRECTORY (256 * HM_MIB)

/* First line and headers of a message: what the usual servers take at most, with room for a token in Authorization. */
#define HM_MAX_HTTP_HEAD (64 * HM_KIB)

/* Headers of a message: browsers and proxies send some 30, servers that are asked through several layers some 60. */
#define HM_MAX_HTTP_HEADERS 128

/* A URL: what every client, proxy and server in between is asked to support. RFC 9110, 4.1. */
#define HM_MAX_URL (8 * HM_KIB)

/* A body where the caller sets no limit: the largest documents that the peers answer with have a few MiB. */
#define HM_MAX_HTTP_BODY (32 * HM_MIB)

/* What a handler takes from its response's arena: a document of HM_MAX_HTTP_BODY as a tree would not fit, and need not.
 */
#define HM_MAX_HTTP_SCRATCH (64 * HM_MIB)

/* A question where the caller sets no time: logs answer once an entry is in a checkpoint, which takes up to 20 s. */
#define HM_HTTP_TIMEOUT_MS 60000

/* Hops of one question: registries need two; more is a circle. */
#define HM_MAX_HTTP_REDIRECTS 5

/* Bits of an RSA modulus: checking a signature with 8192 takes 0.1 ms; nobody makes larger keys. */
#define HM_MAX_RSA_BITS 8192

/* A signature: that of the largest RSA key. */
#define HM_MAX_SIGNATURE (HM_MAX_RSA_BITS / 8)

/* A certificate: those with long lists of names have some 10 KiB. */
#define HM_MAX_CERT (64 * HM_KIB)

/* Extensions of a certificate: Fulcio writes up to 30; each is compared with each, because none may stand there twice.
 */
#define HM_MAX_CERT_EXTS 64

/* Certificates of a path, the leaf and the anchor among them: Sigstore's have 3. */
#define HM_MAX_CERT_PATH 10

/* Certificates of one authority: every path among them is searched. */
#define HM_MAX_POOL_CERTS 16

/* SCTs of a certificate: Fulcio embeds one, web servers' certificates have up to 5. */
#define HM_MAX_SCTS 8

/* Certificates in a time stamp: the signer's and what leads to the anchor. */
#define HM_MAX_TSP_CERTS 8

/* A time stamp's nonce: 8 to 20 bytes in practice; it is echoed. */
#define HM_MAX_TSP_NONCE 64

/* A token: those of GitHub have 2 KiB, of directories with many groups some 16. It comes from whoever asks. */
#define HM_MAX_JWT (64 * HM_KIB)

/* Keys that an issuer publishes: the large ones have up to 10. */
#define HM_MAX_JWKS 64

/* The body of a request to one of our services: the largest that the peers' servers take is 4 MiB. */
#define HM_MAX_SERVED_BODY (8 * HM_MIB)

/* All bodies that a server is reading at once: thirty-two of the largest, so that many clients cannot take all memory.
 */
#define HM_MAX_SERVED_BODIES (256 * HM_MIB)

/* A value in a database: what is larger is a file of its own, named by its digest. */
#define HM_MAX_DB_VALUE (16 * HM_MIB)

/* Spans of a trace: a run has some hundred, and what its steps report of their own. */
#define HM_MAX_SPANS 100000

/* Attributes and events of a span: OpenTelemetry's own default. */
#define HM_MAX_SPAN_ATTRS  128
#define HM_MAX_SPAN_EVENTS 128

/* A name, value or message in a span: enough for a compiler's error, too little for a log. */
#define HM_MAX_SPAN_TEXT (4 * HM_KIB)

/* A span as JSON: all attributes and events it may have, at an ordinary length. */
#define HM_MAX_SPAN_LINE (1 * HM_MIB)

/* A whole trace in memory. */
#define HM_MAX_TRACE_MEMORY (64 * HM_MIB)

/* A signed note: what Go's reader of notes accepts, room for many witnesses' post-quantum signatures of 5 kB. */
#define HM_MAX_NOTE (1 * HM_MIB)

/* Signature lines of a note: what Go's reader accepts, far above the 16 that C2SP asks for. */
#define HM_MAX_NOTE_SIGNATURES 100

/* A statement or predicate: a whole SBOM may be one. */
#define HM_MAX_ATTEST_STATEMENT (32 * HM_MIB)

/* Subjects of a statement, and digests of each: what Sigstore's clients accept. */
#define HM_MAX_ATTEST_SUBJECTS ((size_t)1024)
#define HM_MAX_ATTEST_DIGESTS  ((size_t)32)

/* One list of provenance: the largest Go programs have 2,000 modules. */
#define HM_MAX_ATTEST_RESOURCES ((size_t)20000)

/* An SBOM that is written: a thousand bytes for each package and relationship. */
#define HM_MAX_ATTEST_SBOM (256 * HM_MIB)

/* go.mod, go.work, LICENSE: what golang.org/x/mod/zip takes. */
#define HM_MAX_GO_MOD (16 * HM_MIB)

/* go.sum: the largest in use have some 10,000 lines, 1 MiB. */
#define HM_MAX_GO_SUM (64 * HM_MIB)

/* A module's zip and what is in it: what golang.org/x/mod/zip takes. */
#define HM_MAX_GO_ZIP (500 * (uint64_t)HM_MIB)

/* The text of a program's build info: a hundred bytes for each module, of which the largest programs have 2,000. */
#define HM_MAX_GO_BUILDINFO (4 * HM_MIB)

/* A cover profile: a hundred bytes for each block, once for each test program of the module. */
#define HM_MAX_GO_COVER (1 * HM_GIB)

/* A Go source file; the largest that are generated have some 20 MiB. */
#define HM_MAX_GO_SOURCE (256 * HM_MIB)

/* What `go list -json` prints: some 2 KiB for each package. */
#define HM_MAX_GO_OUTPUT (512 * HM_MIB)

/* Packages that go lists, and files or imports of one: the largest programs have some 5,000 and 2,000. */
#define HM_MAX_GO_LIST ((size_t)1000000)

/*
 * sandbox. What a sandbox may use where nobody says otherwise; sizes in memory are lowered to half of the machine's.
 */

/* The private layers over system folders and all small files of the root: a step installs a tool, not a distribution.
 */
#define HM_SANDBOX_DEFAULT_LAYER (1 * HM_GIB)

/* /tmp: linking a large program with the race detector leaves 2 GiB of intermediate files. */
#define HM_SANDBOX_DEFAULT_TMP (4 * HM_GIB)

/* HOME: where Go puts its caches when nobody tells it another place. */
#define HM_SANDBOX_DEFAULT_HOME (4 * HM_GIB)

/* /dev/shm: what browsers and databases in tests share. */
#define HM_SANDBOX_DEFAULT_SHM (256 * HM_MIB)

/* Processes and threads: `go test ./...` on 64 processors stays below 2,000. */
#define HM_SANDBOX_DEFAULT_PROCESSES 4096

/* Descriptors of a process: the Go linker and `go vet` open some thousands. */
#define HM_SANDBOX_DEFAULT_OPEN_FILES 65536

/* One file: larger than any binary or test archive, smaller than a usual disk. */
#define HM_SANDBOX_DEFAULT_FILE_SIZE (16 * HM_GIB)

/* The stack of a main thread, as systems have it. */
#define HM_SANDBOX_DEFAULT_STACK (8 * HM_MIB)

/* Locked memory, as systems have it. */
#define HM_SANDBOX_DEFAULT_MEMLOCK (8 * HM_MIB)

/* Mounts that a caller may name: more than a task has workspaces, secrets, scripts and results. */
#define HM_MAX_SANDBOX_MOUNTS 256

/* The kernel's own limit on a path. */
#define HM_MAX_SANDBOX_PATH 4096

/* Arguments and environment: the kernel takes a quarter of the stack, 2 MiB. */
#define HM_MAX_SANDBOX_ARGS (2 * HM_MIB)

/* A plan is some hundred steps with their paths, and two small files of the machine. */
#define HM_MAX_SANDBOX_PLAN (32 * HM_MIB)

/* The kernel's list of mounts: a machine with thousands of containers has some MiB. */
#define HM_MAX_MOUNTINFO (64 * HM_MIB)

/* Below this not even a shell starts, and the limit is a slip of a unit. */
#define HM_MIN_SANDBOX_MEMORY (1 * HM_MIB)

/* The kernel keeps the first 300 numbers of a PID namespace; a bound on them must lie above. */
#define HM_MIN_SANDBOX_PROCESSES 512

/* The most that Linux has numbers for. */
#define HM_MAX_SANDBOX_PROCESSES 4194304

/* A manifest, index or image configuration: what registries must take at least; real ones have some KiB. */
#define HM_MAX_OCI_MANIFEST (4 * HM_MIB)

/* Nested arrays and objects of these documents: those that the specification knows have six. */
#define HM_MAX_OCI_JSON_DEPTH 32

/* Layers of an image: overlay file systems take 500, Docker makes up to 127. */
#define HM_MAX_OCI_LAYERS ((size_t)500)

/* Entries of one index: as many as there are platforms, twice with attestations; a layout's index lists images. */
#define HM_MAX_OCI_MANIFESTS ((size_t)2000)

/* Annotations or labels of one object. */
#define HM_MAX_OCI_ANNOTATIONS ((size_t)1000)

/* Indexes within indexes, a layout's own among them: an image needs two; and all that a walk visits, for an index may
 * name the same one many times. */
#define HM_MAX_OCI_DEPTH 5
#define HM_MAX_OCI_NODES 10000

/* Blobs that checking a layout looks at: ten for each of these. */
#define HM_MAX_OCI_BLOBS ((size_t)100000)

/* A repository's name: what the distribution grammar allows. */
#define HM_MAX_OCI_REPOSITORY 255

/* A reference to an image: registry, repository, tag and digest at their longest. */
#define HM_MAX_OCI_REFERENCE 1024

/* A bundle: provenances and SBOMs of some 10 MiB occur, which Base64 makes a third larger. */
#define HM_MAX_BUNDLE (32 * HM_MIB)

/* Log entries and RFC 3161 time stamps of a bundle: each costs signature checks. Sigstore's Go client has the same. */
#define HM_MAX_BUNDLE_ENTRIES    32
#define HM_MAX_BUNDLE_TIMESTAMPS 32

/* Subjects of a statement, and digests of each: Sigstore's Go client has the same. */
#define HM_MAX_SUBJECTS        1024
#define HM_MAX_SUBJECT_DIGESTS 32

/* What a log holds of one entry: an envelope with its payload in intoto 0.0.2, else some KiB. */
#define HM_MAX_LOG_BODY (4 * HM_MIB)

/* A trust root, and the logs or authorities of one kind in it: the public one has 7 KiB and two of each after five
 * years. */
#define HM_MAX_TRUSTED_ROOT (1 * HM_MIB)
#define HM_MAX_TRUSTED      64
/* How long a token of the local issuer may be good for, in seconds: it is made and used by one process. */
#define HM_MAX_TOKEN_LIFETIME_S 3600

/* What one call of git prints: 500 bytes for each of the most files that a source may have. */
#define HM_MAX_GIT_OUTPUT (512 * HM_MIB)

/* A file of git that names one folder. */
#define HM_MAX_GIT_LINK ((size_t)8192)

/* A file of git that names folders it borrows from; there is one line for each repository. */
#define HM_MAX_GIT_ALTERNATES HM_MIB

/* How long git may think: listing a million files takes seconds. */
#define HM_GIT_TIMEOUT_MS 120000

/* Files of a source, and bytes of them: ten times the largest Go repositories. */
#define HM_MAX_SOURCE_FILES ((size_t)1000000)
#define HM_MAX_SOURCE_BYTES ((uint64_t)16 << 30)

/* Bytes that are copied at once. */
#define HM_COPY_CHUNK ((size_t)65536)
/* Services of one kind that a signature is sent to: each takes seconds, and bundles hold 32 of their answers. */
#define HM_MAX_SIGNING_SERVICES 8

/* A password: nobody types a longer one, a program that pipes something else by mistake is told so. */
#define HM_MAX_PASSWORD (4 * HM_KIB)

/* What a certificate authority answers: HM_MAX_CERT_PATH certificates of HM_MAX_CERT as PEM in JSON. */
#define HM_MAX_FULCIO_ANSWER (1 * HM_MIB)

/* What a log answers: a body of some KiB, a proof, a checkpoint of HM_MAX_NOTE as JSON. */
#define HM_MAX_REKOR_ANSWER (4 * HM_MIB)

/* What a time-stamp authority answers: HM_MAX_TSP_CERTS certificates of HM_MAX_CERT. */
#define HM_MAX_TSA_ANSWER (1 * HM_MIB)

/* A file with Pipelines and Tasks, and all that is read for one: Kubernetes itself stores nothing over 1.5 MiB. */
#define HM_MAX_PIPELINE_FILE   (4 * HM_MIB)
#define HM_MAX_PIPELINE_FILES  ((size_t)64)
#define HM_MAX_PIPELINE_MEMORY (64 * HM_MIB)

/* Tasks of a pipeline: each is compared with each; a release of many programs has some fifty. */
#define HM_MAX_PIPELINE_TASKS ((size_t)500)

/* Params, results, steps, workspaces or variables of one task or pipeline, and elements of an array param. */
#define HM_MAX_PIPELINE_ITEMS ((size_t)1000)

/* A text with its variables' values in: a script is at most a file, its values may be large. */
#define HM_MAX_PIPELINE_TEXT (4 * HM_MIB)
/* Platforms of one build: Go has nine architectures for Linux, some with variants. */
#define HM_MAX_IMAGE_PLATFORMS 32

/* A program's name: with platform and ".sigstore.json" behind it, file systems take 255 bytes. */
#define HM_MAX_IMAGE_NAME 200

/* What a compiler prints: after a thousand errors nobody reads on. */
#define HM_MAX_IMAGE_LOG (1 * HM_MIB)

/* A compile of the largest Go programs on a small machine takes half an hour with an empty cache. */
#define HM_IMAGE_COMPILE_TIMEOUT_MS 7200000

/* A program in a layer, which is held in memory while it is read; the largest Go programs have some 500 MiB. */
#define HM_MAX_IMAGE_PROGRAM (1 * HM_GIB)

/* Programs that one SBOM is made of: an image of a whole distribution's Go programs has some hundred. */
#define HM_MAX_IMAGE_PROGRAMS ((size_t)2000)
/* A request to a log: an entry has at most 65,535 bytes, its request says the same with other names and some blanks. */
#define HM_MAX_LOG_REQUEST (128 * HM_KIB)

/* Entries that share one checkpoint: as many as a tile has; with the largest of them 16 MiB. */
#define HM_MAX_LOG_BATCH ((size_t)256)

/* Requests that wait for a checkpoint: what rekor-tiles takes before it sends clients away for a while. */
#define HM_MAX_LOG_WAITING ((size_t)4096)

/* What one search gives: a page of an incident's time line. */
#define HM_MAX_LOG_FOUND ((size_t)10000)

/* A log's name: a host with a path; it stands in each checkpoint twice. */
#define HM_MAX_LOG_ORIGIN ((size_t)255)

/* A log's signed checkpoint: its name twice, a size, a root, a signature. */
#define HM_MAX_LOG_CHECKPOINT ((size_t)1024)
/* A request for a certificate: what Fulcio reads. Token, key and proof have some KiB. */
#define HM_MAX_CA_REQUEST (4 * HM_MIB)

/* An issuer's discovery document and its keys: the large ones have some 10 KiB. */
#define HM_MAX_ISSUER_DOCUMENT (1 * HM_MIB)

/* An e-mail address: what SMTP can carry. RFC 5321, 4.5.3.1.3. */
#define HM_MAX_EMAIL ((size_t)254)

/* What a run notes about itself for its own commands: some KiB, and the params that somebody gave. */
#define HM_MAX_RUN_RECORD (1 * HM_MIB)

/* A request for a time stamp as JSON: what timestamp-authority takes; its nonce is read in quadratic time. */
#define HM_MAX_TSA_JSON ((size_t)1024)

/* All results of a task together, as on a cluster, where they travel in one termination message. */
#define HM_MAX_PIPELINE_RESULTS ((size_t)4096)

/* A line of output: longer ones, such as minified sources, come in pieces. */
#define HM_MAX_PIPELINE_LINE (16 * HM_KIB)

/* The log of a step; what comes after it is still shown and not kept. A verbose test of a large module has 50 MiB. */
#define HM_MAX_PIPELINE_LOG (512 * HM_MIB)

/* Lines of a failing step that stand in its error, as the issue asks. */
#define HM_PIPELINE_TAIL_LINES 20

/* Secrets to be masked, and one of them: a key in PEM form. */
#define HM_MAX_PIPELINE_SECRETS ((size_t)256)
#define HM_MAX_PIPELINE_SECRET  (64 * HM_KIB)

/* A task that sets no timeout: Tekton's default. */
#define HM_PIPELINE_TIMEOUT_S 3600

/* A control-plane step that is told to end, until it is killed: time to finish a write. */
#define HM_PIPELINE_GRACE_MS 3000

/* Spans that a control-plane step hands back. */
#define HM_MAX_PIPELINE_SPANS (16 * HM_MIB)

/* Bundles beside an artifact that a time line looks at: a release has one for each file. */
#define HM_MAX_TIMELINE_BUNDLES 1000

/* A time line in memory: as many entries as a log answers with at once take some 10 MiB. */
#define HM_MAX_TIMELINE (256 * HM_MIB)

#endif
