# Reads the .trx files of test runs and says in a few lines what failed: the project, the test, the message, and where in the tests.
# A run that ended before all its tests did has a word of its own in the file (RunInfo), and that is said as well.
function plain(text) {
    gsub(/<!\[CDATA\[|\]\]>/, "", text)
    gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text); gsub(/&quot;/, "\"", text); gsub(/&apos;/, "'", text)
    gsub(/&#x[DA];|\r/, "", text); gsub(/&amp;/, "\\&", text)
    return text
}
function between(text, opening, closing) {
    sub(".*" opening, "", text)
    sub(closing ".*", "", text)
    return plain(text)
}
function project(file) {
    sub(/.*\//, "", file)
    sub(/\.trx$/, "", file)
    return file
}

/<UnitTestResult / { name = between($0, " testName=\"", "\""); failed = / outcome="Failed"/; lines = 0; place = 0 }
failed && /<ErrorInfo>/ { print "FAILED " project(FILENAME) ": " name; failed = 0; told = 1 }
told && /<Message>/ { inMessage = 1 }
inMessage && lines < 8 { text = between($0, "<Message>", "</Message>"); if (text ~ /[^ ]/) { print "    " substr(text, 1, 400); lines++ } }
/<\/Message>/ { inMessage = 0 }
told && !place && / in .*\/tests\// { text = between($0, "<StackTrace>", "</StackTrace>"); sub(/^ */, "", text); print "    " text; place = 1 }
/<\/ErrorInfo>/ { told = 0 }

/<RunInfo .*outcome="(Error|Failed)"/ { inRun = 1 }
inRun && /<Text>/ { inText = 1 }
inText { text = between($0, "<Text>", "</Text>"); if (text ~ /[^ ]/ && text !~ /\[FAIL\]/) print "STOPPED " project(FILENAME) ": " substr(text, 1, 400) }
/<\/Text>/ { inText = 0 }
/<\/RunInfo>/ { inRun = 0 }
