<?php
/**
 * The relay's agent for panels written in PHP: keeps events on disk, signs them, posts them until they are taken.
 *
 * It runs in the panel's own PHP, so it is written for PHP 7.2 and needs no more than json and hash, and curl or
 * openssl. A panel's adapter loads it and calls
 *
 *     \RelaySend\tell($event, $data);    // keeps the event, starts its delivery, returns
 *     \RelaySend\deliver();              // from the panel's cron: delivers what waits
 *     \RelaySend\once($what, $until);    // whether this was not asked before
 *     \RelaySend\setting($name, $usual); // what the panel's owner chose in settings.php
 *
 * None of them ever throws. By hand:
 *
 *     php relay-send.php --test       posts a test event and says what came of it
 *     php relay-send.php --status     says how many events wait
 *     php relay-send.php --deliver    delivers what waits
 *     php relay-send.php --configure  for installers: reads lines url=, secret= and php= and makes config.php of them
 *
 * All it has lies beside it: `config.php` (url, secret, php), perhaps `settings.php`, and `state/` with the spool, what
 * was refused, and the log. A web server may serve this folder. So what holds text is named `.php` and ends the
 * interpreter before the text begins: who asks for it sees nothing.
 *
 * Signatures are those of https://www.standardwebhooks.com.
 */

namespace RelaySend;

const CONNECT_SECONDS = 3;
const TOTAL_SECONDS = 10;
// What a visitor may have to wait where nothing can be started in the background, and then for how long nobody else.
const VISITOR_SECONDS = 4;
const REST_SECONDS = 60;
const MOST_WAITING = 10000;
const MOST_REFUSED = 1000;
const LONGEST_LOG = 262144;
const FAILURES_IN_A_ROW = 3;
// Seconds between tries of one run: about a quarter of an hour. Then the next event, or cron, tries again.
const PAUSES = '2 5 15 60 60 60 60 60 60 60 60 60 60 60 60 60 60';
// Answers that another try would get again. All others may change: an address, a secret, a server can be mended.
const HOPELESS = array(400, 413, 415, 422);
const HEAD = "<?php __halt_compiler();\n";
const NAME = '/^\d{20}-(msg_[0-9a-f]{32})\.php$/';
const NO_PHP = 9;
const HTACCESS = <<<'END'
<IfModule mod_authz_core.c>
Require all denied
</IfModule>
<IfModule !mod_authz_core.c>
Deny from all
</IfModule>

END;

/** The configuration cannot be used; the text says what is wrong with it. */
class Unusable extends \Exception
{
}

// What the panel's adapter calls

/** Keep an event and see that it is delivered. Whatever goes wrong, the panel goes on with its work. */
function tell(string $event, array $data): void
{
    quietly(function () use ($event, $data) {
        if (keep($event, $data)) {
            start_delivery();
        }
    });
}

/** Deliver what waits: in the background where that can be, else here and now for so many seconds at most. */
function deliver(float $seconds = VISITOR_SECONDS): void
{
    quietly(function () use ($seconds) {
        if (waiting() && !start_process()) {
            deliver_within($seconds);
        }
    });
}

/** Whether this is asked for the first time; remembered until that time. */
function once(string $what, int $until): bool
{
    static $is_tidy = false;
    return quietly(function () use ($what, $until, &$is_tidy) {
        $told = folder('told');
        foreach ($is_tidy ? array() : entries($told) as $name) {
            if (filemtime("$told/$name") < time()) {
                forget("$told/$name");
            }
        }
        $is_tidy = true;
        $path = $told . '/' . sha1($what);
        $file = fopen($path, 'x');
        if ($file === false) {
            return !file_exists($path);
        }
        fclose($file);
        protect($path);
        touch($path, $until);
        return true;
    }) !== false;
}

/** What the panel's owner chose: settings.php returns an array, and no installer ever touches it. */
function setting(string $name, $usual)
{
    $chosen = quietly(function () {
        return is_readable(__DIR__ . '/settings.php') ? fresh(__DIR__ . '/settings.php') : array();
    });
    return is_array($chosen) && isset($chosen[$name]) ? $chosen[$name] : $usual;
}

/** Do something without a word to the panel: its handler of errors is out of the way meanwhile. */
function quietly(callable $work)
{
    set_error_handler(function () {
        return true;
    });
    try {
        return $work();
    } catch (\Throwable $error) {
        note('something went wrong: ' . get_class($error) . ' in line ' . $error->getLine());
        return null;
    } finally {
        restore_error_handler();
    }
}

/** Write an event to the spool, whole or not at all. Answers whether it was. */
function keep(string $event, array $data): bool
{
    $spool = folder('spool');
    if (count(waiting()) >= MOST_WAITING) {
        note('an event was lost: ' . MOST_WAITING . ' wait already');
        return false;
    }
    $data = $data ? clean($data) : new \stdClass();
    $said = array('event' => $event, 'data' => $data, 'sent_at' => gmdate('Y-m-d\TH:i:s\Z'));
    // The time comes first, so that the order of names is the order of arrival.
    $name = sprintf('%020d-%s.php', (int) (microtime(true) * 1000000), new_id());
    write("$spool/$name", HEAD . json($said));
    return true;
}

/** Start a process that delivers, or where that is forbidden, deliver when the visitor has been answered. */
function start_delivery(): void
{
    static $asked = false;
    if ($asked || start_process()) {
        return;
    }
    $asked = true;
    register_shutdown_function(function () {
        quietly('RelaySend\deliver_after_answer');
    });
}

/**
 * Start a process that delivers, unless one is at work: that one looks again before it leaves.
 *
 * The lock is taken here and handed down, so a burst of events starts one process and leaves no gap. Answers false
 * where no process can be started.
 */
function start_process(): bool
{
    if (!function_exists('proc_open')) {
        return false;
    }
    $lock = take_lock();
    if ($lock === null) {
        return true;
    }
    // The shell looks for PHP, because this process may be confined to the panel's own folder. What else is open here,
    // such as the visitor's connection, is closed; a session of its own keeps the process from ending with this one.
    $command = 'exec </dev/null >/dev/null 2>&1 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; '
        . 'own=nohup; command -v setsid && own=setsid; '
        . 'for php in ' . implode(' ', array_map('RelaySend\quoted', interpreters())) . '; do '
        . 'if [ -x "$php" ]; then $own "$php" ' . quoted(__FILE__) . ' --deliver 3 & exit 0; fi; '
        . 'done; exit ' . NO_PHP;
    $process = proc_open($command, array(3 => $lock), $pipes, '/');
    fclose($lock);
    return is_resource($process) && proc_close($process) !== NO_PHP;
}

/** PHP for the command line, by what the installer found and by where this one is. */
function interpreters(): array
{
    $written = config();
    $found = array(isset($written['php']) ? (string) $written['php'] : '', PHP_BINDIR . '/php');
    if (PHP_SAPI === 'cli' || PHP_SAPI === 'cli-server') {
        $found[] = PHP_BINARY;
    }
    return array_unique(array_filter($found));
}

function quoted(string $text): string
{
    return "'" . str_replace("'", "'\\''", $text) . "'";
}

// Delivery

/** Deliver all that waits, and what comes meanwhile; `$lock` is held. Answers how many are left. */
function deliver_all($lock): int
{
    while (true) {
        $left = drain();
        flock($lock, LOCK_UN);
        // Whoever wrote while the lock was held has gone away, trusting in this look.
        if (!array_diff(waiting(), $left) || !flock($lock, LOCK_EX | LOCK_NB)) {
            return count($left);
        }
    }
}

/** Try until nothing is left or the pauses are used up. Answers the names of what is left. */
function drain(): array
{
    $pauses = getenv('RELAY_RETRY_PAUSES');
    $pauses = preg_split('/\s+/', $pauses === false ? PAUSES : $pauses, -1, PREG_SPLIT_NO_EMPTY);
    $used = 0;
    while (true) {
        $before = waiting();
        $done = one_pass($before);
        if (!waiting()) {
            return array();
        }
        if ($done > 0) {
            $used = 0;
        }
        if ($used >= count($pauses)) {
            return waiting();
        }
        // What came in during a pass that went well is tried at once.
        if ($done < count($before) || $done === 0) {
            usleep((int) ($pauses[$used] * 1000000));
            $used++;
        }
    }
}

/** Try each in order of arrival. Answers how many are off the spool; ends early where nothing gets through. */
function one_pass(array $names, float $end = INF): int
{
    $done = $failed = 0;
    foreach ($names as $name) {
        $seconds = min(TOTAL_SECONDS, $end - microtime(true));
        if ($seconds < 0.1) {
            return $done;
        }
        $path = folder('spool') . '/' . $name;
        $text = file_get_contents($path);
        if ($text === false) {
            continue;
        }
        try {
            list($status) = post(substr($text, strlen(HEAD)), id_of($name), $seconds);
        } catch (Unusable $problem) {
            note($problem->getMessage());
            return $done;
        }
        if (200 <= $status && $status < 300) {
            forget($path);
        } elseif (in_array($status, HOPELESS, true)) {
            refuse($name, $status);
        } else {
            note('not delivered: ' . ($status === 0 ? 'no answer' : $status));
            $failed++;
            if ($status === 0 || $failed >= FAILURES_IN_A_ROW) {
                return $done;
            }
            continue;
        }
        $done++;
        $failed = 0;
    }
    return $done;
}

/** Try each once, for so long at most. Answers whether nothing is left. */
function deliver_within(float $seconds): bool
{
    $end = microtime(true) + $seconds;
    while (($lock = take_lock()) !== null) {
        $before = waiting();
        one_pass($before, $end);
        fclose($lock);
        $left = waiting();
        if (!array_diff($left, $before)) {
            return !$left;
        }
    }
    return true;
}

/** Where the web server can end its answer before, nobody waits. Else each minute one visitor waits for seconds. */
function deliver_after_answer(): void
{
    $rest = folder('') . '/rest';
    if (file_exists($rest) && filemtime($rest) > time() - REST_SECONDS) {
        return;
    }
    ignore_user_abort(true);
    foreach (array('fastcgi_finish_request', 'litespeed_finish_request') as $finish) {
        if (function_exists($finish)) {
            // The visitor's next request must not wait for this one's session.
            session_write_close();
            $finish();
        }
    }
    if (deliver_within(VISITOR_SECONDS)) {
        forget($rest);
    } else {
        touch($rest);
        protect($rest);
    }
}

/** Post a body, signed now. Answers the status, 0 where there was none, and why. */
function post(string $body, string $id, float $seconds = TOTAL_SECONDS): array
{
    list($url, $key) = configuration();
    $stamp = (string) time();
    $headers = array(
        'Content-Type: application/json',
        'User-Agent: relay-send',
        'webhook-id: ' . $id,
        'webhook-timestamp: ' . $stamp,
        'webhook-signature: v1,' . base64_encode(hash_hmac('sha256', $id . '.' . $stamp . '.' . $body, $key, true)),
    );
    return function_exists('curl_init')
        ? post_by_curl($url, $headers, $body, $seconds)
        : post_by_socket($url, $headers, $body, $seconds);
}

function post_by_curl(string $url, array $headers, string $body, float $seconds): array
{
    $call = curl_init($url);
    curl_setopt_array($call, array(
        CURLOPT_POST => true,
        CURLOPT_POSTFIELDS => $body,
        // Without `Expect` curl would first ask whether it may send, and wait for the answer.
        CURLOPT_HTTPHEADER => array_merge($headers, array('Expect:')),
        // A signed event goes to the address that was configured, and nowhere else.
        CURLOPT_FOLLOWLOCATION => false,
        CURLOPT_SSL_VERIFYPEER => true,
        CURLOPT_SSL_VERIFYHOST => 2,
        CURLOPT_CONNECTTIMEOUT_MS => (int) (min(CONNECT_SECONDS, $seconds) * 1000),
        CURLOPT_TIMEOUT_MS => (int) ($seconds * 1000),
        CURLOPT_NOSIGNAL => true,
        CURLOPT_WRITEFUNCTION => function ($call, $part) {
            return strlen($part);
        },
    ));
    curl_exec($call);
    $status = (int) curl_getinfo($call, CURLINFO_RESPONSE_CODE);
    // An answer that never ends is none.
    return curl_errno($call) === 0 ? array($status, '') : array(0, curl_error($call));
}

/** By hand, because only so can all of it be held to its time, and `allow_url_fopen` is often off. */
function post_by_socket(string $url, array $headers, string $body, float $seconds): array
{
    $end = microtime(true) + $seconds;
    $parts = parse_url($url);
    $secure = strtolower($parts['scheme']) === 'https';
    if ($secure && !extension_loaded('openssl')) {
        return array(0, 'PHP has neither curl nor openssl here');
    }
    $port = isset($parts['port']) ? $parts['port'] : ($secure ? 443 : 80);
    $tls = array('verify_peer' => true, 'verify_peer_name' => true, 'peer_name' => trim($parts['host'], '[]'));
    $stream = stream_socket_client(
        ($secure ? 'ssl://' : 'tcp://') . $parts['host'] . ':' . $port,
        $code,
        $problem,
        min(CONNECT_SECONDS, $seconds),
        STREAM_CLIENT_CONNECT,
        stream_context_create(array('ssl' => $tls))
    );
    if ($stream === false) {
        return array(0, $problem ?: 'no connection');
    }
    $path = (isset($parts['path']) ? $parts['path'] : '/') . (isset($parts['query']) ? '?' . $parts['query'] : '');
    $host = $parts['host'] . (isset($parts['port']) ? ':' . $parts['port'] : '');
    $headers = array_merge(
        array('POST ' . $path . ' HTTP/1.1', 'Host: ' . $host, 'Content-Length: ' . strlen($body), 'Connection: close'),
        $headers
    );
    $rest = implode("\r\n", $headers) . "\r\n\r\n" . $body;
    $answer = '';
    while (!preg_match('/^HTTP\/1\.\d (\d{3})\b.*\r?\n/', $answer, $found)) {
        $left = $end - microtime(true);
        if ($left <= 0 || strlen($answer) > 4096) {
            return array(0, 'no answer within ' . round($seconds) . ' s');
        }
        stream_set_timeout($stream, (int) $left, (int) (fmod($left, 1) * 1000000));
        if ($rest !== '') {
            $written = fwrite($stream, $rest);
            if (!$written) {
                return array(0, 'the connection was cut');
            }
            $rest = (string) substr($rest, $written);
            continue;
        }
        $part = fread($stream, 4096);
        if (($part === false || $part === '') && feof($stream)) {
            return array(0, 'the connection was cut');
        }
        $answer .= $part;
    }
    return array((int) $found[1], '');
}

// What lies on disk

/** The address and the key. Throws `Unusable`. */
function configuration(): array
{
    $found = config();
    if (!$found) {
        throw new Unusable('The file ' . __DIR__ . '/config.php cannot be read. Install again.');
    }
    return checked($found);
}

/** What config.php holds; nothing where it cannot be read. */
function config(): array
{
    try {
        $found = is_readable(__DIR__ . '/config.php') ? fresh(__DIR__ . '/config.php') : null;
    } catch (\Throwable $error) {
        $found = null;
    }
    return is_array($found) ? $found : array();
}

function checked(array $found): array
{
    $url = isset($found['url']) ? (string) $found['url'] : '';
    $secret = isset($found['secret']) ? (string) $found['secret'] : '';
    if (!is_safe($url)) {
        throw new Unusable(
            'The address must begin with https://. Install again with the line that the relay printed.'
        );
    }
    $key = strpos($secret, 'whsec_') === 0 ? base64_decode(substr($secret, 6), true) : false;
    if ($key === false || $key === '') {
        throw new Unusable('The secret must be `whsec_` and base64; it is not. Install again.');
    }
    return array($url, $key);
}

/** Whether nobody can read along. Plain HTTP is for tests, on this machine. */
function is_safe(string $url): bool
{
    $parts = preg_match('/[\x00-\x20\\\\]/', $url) ? false : parse_url($url);
    if (!$parts || !isset($parts['scheme'], $parts['host'])) {
        return false;
    }
    if (!preg_match('/^([\w.-]+|\[[0-9A-Fa-f:.]+\])$/D', $parts['host'])) {
        return false;
    }
    $own = in_array($parts['host'], array('127.0.0.1', 'localhost', '[::1]'), true);
    return $parts['scheme'] === 'https' || ($parts['scheme'] === 'http' && $own);
}

/** What a file of settings returns, as it lies there now: a web server's PHP may remember an older one. */
function fresh(string $path)
{
    if (function_exists('opcache_invalidate')) {
        opcache_invalidate($path, true);
    }
    return include $path;
}

function folder(string $name): string
{
    $path = rtrim(__DIR__ . '/state/' . $name, '/');
    if (!is_dir($path)) {
        if (!mkdir($path, 0700, true) && !is_dir($path)) {
            throw new \RuntimeException($path);
        }
        chmod($path, 0700);
        owned($path);
    }
    return $path;
}

/** The names of what waits, in order of arrival. */
function waiting(): array
{
    return preg_grep(NAME, entries(folder('spool')));
}

function entries(string $path): array
{
    return array_values(array_diff(scandir($path) ?: array(), array('.', '..')));
}

function new_id(): string
{
    return 'msg_' . bin2hex(random_bytes(16));
}

function id_of(string $name): string
{
    return preg_replace(NAME, '$1', $name);
}

/** Written beside and renamed into place, so that nobody ever reads half of it. */
function write(string $path, string $content): void
{
    $new = dirname($path) . '/new-' . basename($path);
    forget($new);
    $file = fopen($new, 'x');
    if ($file === false) {
        throw new \RuntimeException($new);
    }
    protect($new);
    $whole = fwrite($file, $content) === strlen($content) && fflush($file);
    $whole = $whole && (!function_exists('fsync') || fsync($file));
    fclose($file);
    if (!$whole || !rename($new, $path)) {
        forget($new);
        throw new \RuntimeException($path);
    }
}

function protect(string $path): void
{
    chmod($path, 0600);
    owned($path);
}

/** Root's cron may run the panel: all that lies here stays the user's that the panel runs as otherwise. */
function owned(string $path): void
{
    $owner = fileowner(__DIR__ . '/state');
    if (fileowner($path) === 0 && $owner !== 0) {
        // Not through a link, which that user may have put there meanwhile.
        lchown($path, $owner);
        lchgrp($path, filegroup(__DIR__ . '/state'));
    }
}

function forget(string $path): void
{
    if (file_exists($path)) {
        unlink($path);
    }
}

function refuse(string $name, int $status): void
{
    note("refused for good with $status; kept as state/refused/$name");
    $refused = folder('refused');
    rename(folder('spool') . '/' . $name, "$refused/$name");
    foreach (array_slice(entries($refused), 0, -MOST_REFUSED) as $old) {
        forget("$refused/$old");
    }
}

/** The lock of the one that delivers, or null where another has it. A process that dies lets go of it. */
function take_lock()
{
    $path = folder('') . '/lock';
    $is_new = !file_exists($path);
    $lock = fopen($path, 'c+');
    if ($lock === false) {
        throw new \RuntimeException($path);
    }
    if ($is_new) {
        protect($path);
    }
    return flock($lock, LOCK_EX | LOCK_NB) ? $lock : null;
}

/** One line, without bodies and secrets. That it cannot be written changes nothing. */
function note(string $line): void
{
    try {
        $path = folder('') . '/log.php';
        if (file_exists($path) && filesize($path) > LONGEST_LOG) {
            rename($path, folder('') . '/log-old.php');
        }
        clearstatcache(true, $path);
        if (!file_exists($path)) {
            write($path, HEAD);
        }
        file_put_contents($path, gmdate('Y-m-d\TH:i:s\Z') . " $line\n", FILE_APPEND);
    } catch (\Throwable $error) {
        return;
    }
}

/** The same of plain values only: no objects, no numbers that are none. */
function clean($value)
{
    if (is_array($value)) {
        return array_map('RelaySend\clean', $value);
    }
    if (is_float($value)) {
        return is_finite($value) ? $value : null;
    }
    return is_scalar($value) ? $value : null;
}

/** JSON that every reader takes. `<` is escaped, for that no text of a visitor's is ever PHP. */
function json(array $value): string
{
    // Otherwise 0.1 may become 0.10000000000000001.
    $precision = function_exists('ini_set') ? ini_set('serialize_precision', '-1') : false;
    $flags = JSON_INVALID_UTF8_SUBSTITUTE | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_HEX_TAG;
    $text = json_encode($value, $flags);
    if ($precision !== false) {
        ini_set('serialize_precision', $precision);
    }
    if ($text === false) {
        throw new \RuntimeException(json_last_error_msg());
    }
    return $text;
}

// By hand

/** Post a test event and say what came of it, for the person who installs. */
function test(): int
{
    $body = json(array('event' => 'relay_test', 'data' => array('host' => (string) gethostname())));
    try {
        list($status, $why) = post($body, new_id());
    } catch (Unusable $problem) {
        echo $problem->getMessage(), "\n";
        return 1;
    }
    if (200 <= $status && $status < 300) {
        echo "It works: the relay took the test event and answered $status.\n";
        echo "A test is told to nobody; `relay source list` shows there when it came.\n";
        return 0;
    }
    if ($status === 0) {
        echo "The relay could not be reached: $why. Is its address right, and may this server open connections?\n";
    } elseif ($status === 401) {
        echo "The relay answered 401: the secret is not the source's, or this server's clock is wrong. ";
        echo "Install again.\n";
    } elseif ($status === 404) {
        echo "The relay answered 404: it knows no such source. Install again with the line that it printed.\n";
    } else {
        echo "The relay answered $status, where 202 was expected. Look into the relay's own log.\n";
    }
    return 1;
}

function status(): int
{
    $refused = count(preg_grep(NAME, entries(folder('refused'))));
    echo count(waiting()), " wait to be delivered, $refused were refused for good.\n";
    return 0;
}

/** Makes config.php of the lines on standard input, where nobody sees the secret, and what keeps visitors away. */
function configure(): int
{
    $found = array();
    foreach (explode("\n", stream_get_contents(STDIN)) as $line) {
        $pair = explode('=', $line, 2);
        if (count($pair) === 2) {
            $found[$pair[0]] = $pair[1];
        }
    }
    try {
        checked($found);
        folder('');
        write(__DIR__ . '/config.php', "<?php\nreturn " . var_export($found, true) . ";\n");
        foreach (array('.htaccess' => HTACCESS, 'index.php' => "<?php http_response_code(404);\n") as $name => $text) {
            write(__DIR__ . '/' . $name, $text);
            chmod(__DIR__ . '/' . $name, 0644);
        }
    } catch (Unusable $problem) {
        fwrite(STDERR, $problem->getMessage() . "\n");
        return 1;
    }
    return 0;
}

/** Root does what it does here as the user that the panel runs as, so that all files stay that user's. */
function become_owner(): void
{
    $state = folder('');
    if (function_exists('posix_geteuid') && posix_geteuid() === 0 && fileowner($state) !== 0) {
        $owner = posix_getpwuid(fileowner($state));
        if ($owner) {
            posix_initgroups($owner['name'], $owner['gid']);
        }
        posix_setgid(filegroup($state));
        posix_setuid(fileowner($state));
    }
}

function main(array $arguments): int
{
    umask(0077);
    set_error_handler(function () {
        return true;
    });
    try {
        return command($arguments);
    } catch (\RuntimeException $problem) {
        fwrite(STDERR, 'This could not be written: ' . $problem->getMessage() . "\n");
        return 1;
    }
}

function command(array $arguments): int
{
    if ($arguments === array('--configure')) {
        return configure();
    }
    become_owner();
    if ($arguments === array('--test')) {
        return test();
    }
    if ($arguments === array('--status')) {
        return status();
    }
    if (isset($arguments[0]) && $arguments[0] === '--deliver') {
        $lock = isset($arguments[1]) ? fopen('php://fd/' . (int) $arguments[1], 'r+') : take_lock();
        return min($lock ? deliver_all($lock) : count(waiting()), 1);
    }
    fwrite(STDERR, "Usage: php relay-send.php --test | --status | --deliver | --configure\n");
    return 2;
}

if (PHP_SAPI === 'cli' && isset($_SERVER['argv'][0]) && realpath($_SERVER['argv'][0]) === __FILE__) {
    exit(main(array_slice($_SERVER['argv'], 1)));
}
