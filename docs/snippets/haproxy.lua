-- Asks plex-oidc whether a request may pass:  http-request lua.plex-oidc HOST:PORT
-- HAProxy 2.6 or later. Sets the variable txn.plex_oidc to "pass" for a request that may, and answers all others itself.

-- What applications are told about people. Change the names here if identity_headers is not "remote".
local IDENTITY = { "Remote-User", "Remote-Name", "Remote-Email", "Remote-Groups" }

-- What is between a visitor and HAProxy only, and what HAProxy says itself.
local NOT_PASSED_ON = {
    "host", "connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect",
    "content-length", "x-forwarded-method", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-uri", "x-forwarded-for",
}

-- What a visitor who may not pass gets to see of the answer.
local RELAYED = {
    "location", "set-cookie", "content-type", "cache-control", "retry-after", "vary", "www-authenticate",
    "access-control-allow-origin", "access-control-allow-credentials", "access-control-expose-headers",
}

local STATUS = { [302] = true, [303] = true, [400] = true, [401] = true, [403] = true, [503] = true }

-- Applications behind CGI, WSGI or PHP read Remote_User as Remote-User.
local function folded(name)
    return (name:lower():gsub("_", "-"))
end

local function set_of(names)
    local set = {}
    for _, name in ipairs(names) do set[folded(name)] = true end
    return set
end

local identity, not_passed_on = set_of(IDENTITY), set_of(NOT_PASSED_ON)

local function refuse(txn, status, answer)
    local reply = txn:reply({ status = status })
    for _, name in ipairs(RELAYED) do
        for _, value in pairs(answer and answer.headers[name] or {}) do reply:add_header(name, value) end
    end
    reply:set_body(answer and answer.body or "")
    txn:done(reply)
end

-- The application has no use for the cookies of plex-oidc.
local function without_our_cookies(text)
    local others = {}
    for pair in text:gmatch("[^;]+") do
        local name = pair:match("^%s*([^=]*)"):gsub("^__%a+%-", "")
        if name:sub(1, 10) ~= "plex-oidc-" then others[#others + 1] = pair:match("^%s*(.*)$") end
    end
    return table.concat(others, "; ")
end

local function keep_other_cookies(txn, values)
    txn.http:req_del_header("cookie")
    for _, value in pairs(values) do
        local others = without_our_cookies(value)
        if others ~= "" then txn.http:req_add_header("cookie", others) end
    end
end

core.register_action("plex-oidc", { "http-req" }, function(txn, gateway)
    local received, sent = txn.http:req_get_headers(), {}
    for name, values in pairs(received) do
        if identity[folded(name)] then
            txn.http:req_del_header(name)
        elseif not not_passed_on[folded(name)] then
            sent[name] = values
        end
    end

    local host, tls = received["host"], txn.f:ssl_fc()
    local target = txn.f:pathq()
    if not host or not host[0] or host[1] or not target then
        return refuse(txn, 400)
    end
    sent["x-forwarded-method"] = { txn.f:method() }
    sent["x-forwarded-proto"] = { (tls == 1 or tls == true) and "https" or "http" }
    sent["x-forwarded-host"] = { host[0] }
    sent["x-forwarded-uri"] = { target }
    sent["x-forwarded-for"] = { txn.f:src() }

    local url = "http://" .. gateway .. "/authz/forward-auth"
    local answer = core.httpclient():get({ url = url, headers = sent, timeout = 10000 })
    if not answer or answer.status ~= 200 then
        return refuse(txn, answer and STATUS[answer.status] and answer.status or 503, answer)
    end
    for _, name in ipairs(IDENTITY) do
        local values = answer.headers[name:lower()]
        if values and values[0] and values[0] ~= "" then
            txn.http:req_set_header(name, values[0])
        end
    end
    -- The application's own comes back, an app token does not.
    if not answer.headers["authorization"] then txn.http:req_del_header("authorization") end
    keep_other_cookies(txn, received["cookie"] or {})
    txn:set_var("txn.plex_oidc", "pass")
end, 1)
