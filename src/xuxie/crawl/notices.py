"""What sites say in place of a chapter, in the languages that novels are read in.

    LOGIN.search("This work is only available to registered users.")

Each pattern is a family of notices. Stories use words like these (games are logged in to, techniques are
forbidden), so they are notices in full, and refusals.py lets them count only where little else is said.
"""

import re


def family(*notices: str) -> re.Pattern[str]:
    """A pattern for any of `notices`, which are patterns themselves."""
    return re.compile("|".join(notices), re.IGNORECASE | re.MULTILINE)


# A preview of the chapter may stand above these.
PAYMENT = family(
    r"(?:订阅|訂閱|购买|購買|付费|付費|充值|开通(?:VIP|会员)|登[录錄陆])(?:本章)?(?:后|後|才)"
    r"(?:才?[能可]以?|即可|方可)?.{0,4}(?:阅读|閱讀|查看)",
    r"[这這]是\s*VIP\s*章[节節]",
    r"本章[节節]?[为為是系]?\s*(?:VIP|付[费費]|收[费費]|订阅|訂閱)(?:章[节節]|内容)",
    r"this (?:chapter|episode) is (?:locked|premium|(?:only )?(?:available )?(?:for|to) "
    r"(?:paid |premium )?(?:subscribers|patrons|supporters|members))",
    r"(?:unlock|purchase|buy) this (?:chapter|episode)(?: \w+){0,2} (?:to|for|with)\b",
    r"(?:この(?:話|章|エピソード)は|続きを読むには)、?(?:有料|購入|会員|ログイン)",
    r"(?:유료\s?회차|(?:구매|결제)\s?(?:후|하신 후|한 후)).{0,12}(?:입니다|보실|열람|이용)",
    r"(?:mở khóa|mua) chương này|chương này (?:là chương )?(?:vip|có phí|bị khóa)",
)
LOGIN = family(
    r"[请請]您?先?登[录錄陆]|您?(?:还没有|尚未|还未|未)登[录錄陆]|用[户戶]登[录錄]",
    r"please (?:first )?(?:log|sign) ?in\b",
    r"(?:must|need to|have to) (?:first )?(?:be )?(?:log(?:ged)?|sign(?:ed)?) ?in (?:to|before|in order)\b",
    r"\b(?:log|sign) ?in (?:to (?:read|view|access|continue|your account)|required)",
    r"forgot (?:your )?password",
    r"(?:available|visible|open|restricted) (?:only )?(?:to|for) (?:registered|logged[ -]in|signed[ -]in)",
    r"(?:registered|logged[ -]in) (?:users|members|readers) only",
    r"ログイン(?:してください|が必要|する必要)|会員(?:登録が必要|限定)",
    r"로그인이 필요(?:합|한)|로그인\s?(?:후|하신 후)\s?(?:이용|열람)",
    r"(?:vui lòng|bạn cần|hãy) đăng nhập|đăng nhập để (?:đọc|xem)",
)
ACCOUNT = family(
    r"登[录錄陆]|注[册冊]|密[码碼]|\b(?:log ?in|sign (?:in|up)|register|password)\b",
    r"ログイン|パスワード|로그인|비밀번호|đăng nhập|mật khẩu",
)
ADULT = family(
    r"(?:未|年|不)[滿满]?\s?18\s?周?[歲岁].{0,12}(?:禁止|[请請勿]|访问|浏览|确认|離開|离开|[进進]入)",
    r"(?:must be|are you|confirm (?:that )?you are) (?:over|at least) (?:18|eighteen)",
    r"(?:could have|contains?|may contain) adult content",
    r"18歳以上ですか|18歳未満の(?:方|閲覧)|성인\s?인증|trên 18 tuổi",
)
ROBOT = family(
    r"验证码|驗證碼|人机验证|人機驗證|安全验证|安全检查|滑动验证|确认您?(?:是|不是)(?:真人|机器人)",
    r"just a moment|attention required|(?:checking|verify(?:ing)?) your (?:browser|connection)|captcha",
    r"(?:verify|verifying|confirm|prove) (?:that )?you(?: are|['’]re) (?:a )?(?:human|not a robot)",
    r"enable javascript and cookies|ロボットではありません|로봇이 아닙니다",
)
RATE = family(
    r"(?:访问|訪問|请求|請求|操作|刷新)(?:过于|過於|太过|太過|太|过)?(?:频繁|頻繁|快)",
    r"稍[后後候]再?(?:试|試|访问|訪問|重试)|too many requests|please try again (?:later|in )",
    r"しばらく.{0,8}から(?:再度|もう一度)|アクセスが集中|잠시 후 다시 시도|vui lòng thử lại sau",
)
ERROR = family(
    r"(?:页面|頁面|网页|網頁|章节|章節|文章|内容|內容|小说|小說|作品|书籍|書籍|该书|該書)(?:正在|可能)?"
    r"(?:不存在|未找到|找不到|走丢|审核中|審核中|已?[经經]?被?(?:作者)?(?:删除|刪除|下架|屏蔽|锁定|鎖定))",
    r"(?:找不到|不存在).{0,6}(?:页面|頁面|网页|章节|章節)|拒绝访问|系统维护|网站维护",
    r"数据库(?:连接)?(?:错误|出错)|正在手打|手打中|加载失败|(?:自动|自動|正在)(?:为您)?跳[转轉]",
    r"(?:下[载載]|打[开開]|安装|前往|使用).{0,10}(?:app|客户端).{0,6}(?:阅读|閱讀|查看)",
    r"^.{0,40}\bnot found\W{0,3}$|(?:page|chapter|story|url|file)\W{1,3}not found",
    r"bad gateway|access denied|internal server error|under maintenance|\b403 forbidden",
    r"50[0234] (?:service|internal|gateway)|(?:error|http)\W{0,3}[45]\d\d\b|\b[45]\d\d error\b",
    r"(?:page|chapter|story|novel|work|fiction|series)(?: (?:that )?you(?: are|['’]re| were) looking for| "
    r"you requested)? (?:does(?:n['’]t| not)|no longer|could(?:n['’]t| not)|cannot|can['’]t) "
    r"(?:be (?:found|loaded|displayed)|exists?)",
    r"th(?:is|e) (?:page|chapter|story|novel|work) (?:is (?:no longer|not|currently un) ?available|"
    r"has been (?:removed|deleted|taken down|hidden))|will be revealed soon",
    r"unable to (?:locate|find|load) (?:the |this )?(?:page|chapter|story|novel|work)",
    r"ページ(?:が|は)(?:見つかりません|存在しません|表示できません)|(?:小説|作品)は(?:削除|存在しません|公開されて)",
    r"(?:페이지|작품|회차)[를을가이는은]? (?:찾을 수 없|존재하지 않|삭제되)",
    r"không tìm thấy (?:trang|truyện|chương)",
)

# Each paragraph is one, where a script is to put the text in their place.
UNFILLED = family(
    r"\W*(?:正在)?(?:加[载載]|[载載]入|读取|讀取|获取|獲取)(?:章[节節]|内容|內容|正文)?中?"
    r"(?:[，,]?[请請]稍[候后等後])?\W*",
    r"\W*(?:now )?loading(?: (?:the )?(?:chapter|content|text))?\W*|\W*please wait\W*",
    r"\W*[请請](?:[开開][启啟]|启用|啟用|允许)\s*javascript.*|.{0,60}enable javascript.{0,60}",
    r"\W*(?:読み込み中|로딩\s?중|불러오는\s?중|đang tải)(?:です)?\W*",
)
