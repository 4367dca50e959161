/* What clients of TLS read beside libraries: whom this machine trusts, and how OpenSSL and GnuTLS are set up. */
#include "sandbox.h"

#include <stddef.h>

/* No folder here has private keys, and what links lead to is here, too: in /usr, or one of these. */
const char *const kws_certificates[] = {
    /* Debian, Ubuntu, Alpine, SUSE. */
    "/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem", "/etc/ssl/openssl.cnf", "/var/lib/ca-certificates",
    /* Fedora and what comes of it. */
    "/etc/pki/tls/certs", "/etc/pki/tls/cert.pem", "/etc/pki/tls/openssl.cnf", "/etc/pki/ca-trust/extracted",
    "/etc/crypto-policies",
    /* Arch. */
    "/etc/ca-certificates/extracted",
    NULL,
};
