// The words of the page, in the two languages that it speaks. {placeholders} are filled in by say().

export const messages = {
  zh: {
    area: "正文", placeholder: "写下开头，再按“续写”……",
    write: "续写", stop: "停止", undo: "撤销", rewrite: "重写", copy: "复制", download: "下载",
    options: "选项", length: "长度（字）", temperature: "温度", top_p: "top-p", seed: "种子", random: "随机",
    count: "{count} 字",
    waiting: "正在思量……",
    writing: "正在续写……",
    done: "续写了 {count} 字（种子 {seed}）",
    stopped: "停下了，留下 {count} 字",
    undone: "撤销了这一段",
    copied: "全文已复制",
    uncopied: "浏览器不让复制：请选中文字自行复制",
    unsaved: "浏览器存不下草稿：离开之前请复制或下载",
    invalid: "“{field}”须在 {min} 与 {max} 之间",
    invalidWhole: "“{field}”须是 {min} 与 {max} 之间的整数",
    unreachable: "连不上服务器：看看它是否还在运行，再试一次",
    broken: "连接断了：写到的 {count} 字留下了，可以再续",
    refused: "服务器答复 {status}，没有说明原因",
    error: "{message}",
  },
  en: {
    area: "Text", placeholder: "Write a beginning, then press “Continue” …",
    write: "Continue", stop: "Stop", undo: "Undo", rewrite: "Rewrite", copy: "Copy", download: "Download",
    options: "Options", length: "Length (characters)", temperature: "Temperature", top_p: "Top-p",
    seed: "Seed", random: "random",
    count: "{count} chars",
    waiting: "Thinking …",
    writing: "Writing …",
    done: "{count} characters written (seed {seed})",
    stopped: "Stopped; {count} characters are kept",
    undone: "The passage is taken back",
    copied: "The text is copied",
    uncopied: "The browser refuses to copy: select the text and copy it yourself",
    unsaved: "The browser cannot keep the draft: copy or download it before you leave",
    invalid: "“{field}” must be between {min} and {max}",
    invalidWhole: "“{field}” must be a whole number between {min} and {max}",
    unreachable: "The server cannot be reached: see whether it is running, then try again",
    broken: "The connection broke: {count} characters came and are kept; you can go on from them",
    refused: "The server answered {status} and gave no reason",
    error: "{message}",
  },
};

export function say(language, key, values = {}) {
  return messages[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
