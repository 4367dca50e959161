/* What the unruly plugin asks for by libcurl: "web VERB NUMBER URL [FILE]". The second of the row is how many bytes came. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

typedef struct web_errand {
    char verb[16], url[512], file[512];
    int number;
    size_t bytes;
    long os_error;
} web_errand;

static size_t count_bytes(char *bytes, size_t size, size_t count, void *errand)
{
    (void)bytes;
    ((web_errand *)errand)->bytes += size * count;
    return size * count;
}

static CURL *make_handle(web_errand *errand)
{
    CURL *handle = curl_easy_init();
    if (handle == NULL)
        return NULL;
    curl_easy_setopt(handle, CURLOPT_URL, errand->url);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, count_bytes);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, errand);
    curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    if (errand->file[0] != '\0')
        curl_easy_setopt(handle, CURLOPT_CAINFO, errand->file);
    if (strcmp(errand->verb, "six") == 0)
        curl_easy_setopt(handle, CURLOPT_IPRESOLVE, CURL_IPRESOLVE_V6);
    return handle;
}

/* One after the other, over one connection. */
static CURLcode ask_easily(web_errand *errand)
{
    CURLcode code = CURLE_OK;
    CURL *handle = make_handle(errand);
    for (int i = 0; handle != NULL && code == CURLE_OK && i < errand->number; i++)
        code = curl_easy_perform(handle);
    if (handle != NULL)
        curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &errand->os_error);
    curl_easy_cleanup(handle);
    return handle != NULL ? code : CURLE_OUT_OF_MEMORY;
}

static void *wake(void *loop)
{
    return curl_multi_wakeup(loop) == CURLM_OK ? loop : NULL;
}

/* All at once, in one loop, which another thread wakes. */
static CURLcode ask_at_once(web_errand *errand)
{
    enum { MOST = 32 };
    CURL *handles[MOST] = { NULL };
    CURLcode result = CURLE_OK;
    CURLM *loop = curl_multi_init();
    int running = 1, left, count = errand->number < MOST ? errand->number : MOST;
    pthread_t waker;
    void *woken = NULL;
    for (int i = 0; i < count; i++) {
        handles[i] = make_handle(errand);
        curl_multi_add_handle(loop, handles[i]);
    }
    if (pthread_create(&waker, NULL, wake, loop) != 0)
        result = CURLE_FAILED_INIT;
    else
        pthread_join(waker, &woken);
    /* Nothing is asked for yet: only that it was woken ends this before the caller's limit. */
    if (woken == NULL || curl_multi_poll(loop, NULL, 0, 600000, &left) != CURLM_OK)
        result = CURLE_FAILED_INIT;
    while (result == CURLE_OK && running > 0) {
        if (curl_multi_perform(loop, &running) != CURLM_OK || curl_multi_poll(loop, NULL, 0, 1000, NULL) != CURLM_OK)
            result = CURLE_FAILED_INIT;
    }
    for (CURLMsg *message; (message = curl_multi_info_read(loop, &left)) != NULL;) {
        if (message->data.result != CURLE_OK) {
            result = message->data.result;
            curl_easy_getinfo(message->easy_handle, CURLINFO_OS_ERRNO, &errand->os_error);
        }
    }
    for (int i = 0; i < count; i++) {
        curl_multi_remove_handle(loop, handles[i]);
        curl_easy_cleanup(handles[i]);
    }
    curl_multi_cleanup(loop);
    return result;
}

/* As libcurl looks whether there is IPv6; and what it finds leads nowhere. 0, or an errno. */
static int look_for_six(web_errand *errand)
{
    struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)errand->number), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    int file = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), reached;
    if (file < 0)
        return errno;
    if ((fcntl(file, F_GETFD) & FD_CLOEXEC) == 0)
        return EPROTO;
    reached = sendto(file, "x", 1, 0, (struct sockaddr *)&to, sizeof to) == 1
        || connect(file, (struct sockaddr *)&to, sizeof to) == 0;
    close(file);
    return reached ? EPROTO : 0;
}

/* The names that were there before getaddrinfo, which all have to say the same. 0, or h_errno. */
static int find_hosts(web_errand *errand)
{
    char memory[8192];
    struct hostent other, *result = NULL, *host = gethostbyname(errand->url);
    int why = 0, status;
    if (host == NULL)
        return h_errno;
    for (; host->h_addr_list[errand->bytes] != NULL; errand->bytes++)
        ;
    status = gethostbyname_r(errand->url, &other, memory, sizeof memory, &result, &why);
    if (status != 0 || result != &other || other.h_addrtype != AF_INET || other.h_length != 4
        || memcmp(other.h_addr_list[0], host->h_addr_list[0], 4) != 0 || strcmp(other.h_name, host->h_name) != 0)
        return -1;
    /* Too little memory is said to be so, and asked for again. */
    return gethostbyname_r(errand->url, &other, memory, 8, &result, &why) == ERANGE && result == NULL && why == NETDB_INTERNAL ? 0 : -2;
}

static kw_status try_web(kw_call *call, kw_str text, float *row)
{
    char line[1200] = "";
    web_errand errand = { .number = 1 };
    memcpy(line, text.ptr, text.len < sizeof line ? text.len : sizeof line - 1);
    sscanf(line, "web %15s %d %511s %511s", errand.verb, &errand.number, errand.url, errand.file);
    if (strcmp(errand.verb, "probe") == 0) {
        int error = look_for_six(&errand);
        return error == 0 ? KW_OK : kw_fail(call, KW_UNAVAILABLE, strerror(error));
    }
    if (strcmp(errand.verb, "host") == 0) {
        int why = find_hosts(&errand);
        row[1] = (float)errand.bytes;
        return why == 0 ? KW_OK : kw_fail(call, KW_UNAVAILABLE, why > 0 ? hstrerror(why) : "they do not agree");
    }
    CURLcode code = strcmp(errand.verb, "multi") == 0 ? ask_at_once(&errand) : ask_easily(&errand);
    row[1] = (float)errand.bytes;
    if (code == CURLE_OK)
        return KW_OK;
    snprintf(line, sizeof line, "libcurl %d: %s (%s)", (int)code, curl_easy_strerror(code), strerror((int)errand.os_error));
    return kw_fail(call, errand.os_error == EACCES ? KW_PERMISSION_DENIED : KW_UNAVAILABLE, line);
}
