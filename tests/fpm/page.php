<?php
// What nginx asks for. It notes which request this worker has before anything else, even before the rest is compiled: by
// that it is known what was under way in a worker that died. In one write of a fixed size into the file as it is, so
// that the note is of one request whenever the process dies. A process is its id and when it began: on a busy machine ids
// come again within minutes.
$note = fopen("$_SERVER[LOAD_NOTES]/" . getmypid() . '-' . explode(' ', file_get_contents('/proc/self/stat'))[21], 'c');
fwrite($note, str_pad("$_SERVER[LOAD_ID] $_GET[do]", 40));
fclose($note);

require __DIR__ . '/page.inc';
