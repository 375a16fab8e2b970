// What tuf-conformance, the TUF project's suite for clients, asks of one, file
// by file and case by case under its names (version 2, and of its history what
// has gone from it); made from its documentation and behaviour with a
// repository of our own.  Called as it calls: options before the verb, URLs
// that end in a slash and have the case's name in them, faketime with a date, a
// server that speaks HTTP/1.0.
import { compare } from './compare.mjs';
import { cases as basic } from './conformance/basic.mjs';
import { cases as expiration } from './conformance/expiration.mjs';
import { cases as fileDownload } from './conformance/file_download.mjs';
import { cases as keys } from './conformance/keys.mjs';
import { cases as quotingIssues } from './conformance/quoting_issues.mjs';
import { cases as rollback } from './conformance/rollback.mjs';
import { cases as staticRepositories } from './conformance/static_repositories.mjs';
import { cases as delegationGraphs } from './conformance/updater_delegation_graphs.mjs';
import { cases as keyRotations } from './conformance/updater_key_rotations.mjs';
import { escaped } from './repo.mjs';

await compare(
  {
    ...basic,
    ...expiration,
    ...fileDownload,
    ...keys,
    ...quotingIssues,
    ...rollback,
    ...staticRepositories,
    ...delegationGraphs,
    ...keyRotations,
  },
  (name) => ({ prefix: escaped(name), slash: '/', old: true, dates: true }),
);
