// Package fetch downloads files over HTTP from lists of mirrors.
//
// Mirrors are tried in order. A transfer that breaks is resumed by a range
// request where it stopped, on the same mirror or on the next; a mirror that
// answers with an error, stalls, redirects in circles, serves less or more than
// announced, or bytes of another checksum is left for the next one. When all have
// had their turn, those whose fault may pass are asked again after a pause that
// doubles (RFC 9110 for the protocol: sections 13 conditional requests, 14 ranges,
// 10.2.3 Retry-After).
package fetch
