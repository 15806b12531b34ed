-- What wrk sends, and how it counts what comes back: one page in two threads at full speed, and every other second in each
-- thread a request that does not end before php-fpm ends it.

local threads = {}

function setup(thread)
	table.insert(threads, thread)
	thread:set("number", #threads)
end

function init()
	counts, sample, due = {}, "", os.time() + 1
	mix = wrk.format("GET", "/page.php?do=mix")
	slow = wrk.format("GET", number == 1 and "/page.php?do=hold" or "/page.php?do=wait")
end

function request()
	if os.time() < due then
		return mix
	end
	due = os.time() + 2
	return slow
end

function response(status, headers, body)
	local what = "status " .. status
	if status == 200 then
		what = "page " .. (body:match("^(%a+)\n.*done\n$") or "cut off")
		if what ~= "page ok" and #sample < 1000 then
			sample = sample .. string.format("%q; ", body:sub(1, 200)):gsub("%s+", " ")
		end
	end
	counts[what] = (counts[what] or 0) + 1
end

-- A line for each figure: wrk's own report cannot tell a body from another.
function done(summary, latency)
	local total = {}
	for _, thread in ipairs(threads) do
		for what, count in pairs(thread:get("counts")) do
			total[what] = (total[what] or 0) + count
		end
		if #thread:get("sample") > 0 then
			print("WRK sample " .. thread:get("sample"))
		end
	end
	for what, count in pairs(total) do
		print(string.format("WRK %s %d", what, count))
	end
	for what, count in pairs(summary.errors) do
		print(string.format("WRK error %s %d", what, count))
	end
	print(string.format("WRK median %d", latency:percentile(50)))
	print(string.format("WRK p99 %d", latency:percentile(99)))
	print(string.format("WRK slowest %d", latency.max))
end
