/// Words that carry no topic: function words, and what people put around a question ("how do I get ...").
enum StopWords {
    static func contains(_ word: [UInt8]) -> Bool {
        hashes.contains(TermHash.of(word))
    }

    private static let hashes = Set(list.split(whereSeparator: \.isWhitespace).map { TermHash.of(Array($0.utf8)) })

    private static let list = """
        a about after again all also am an and another any anything are aren as at be because been before being both
        but by can cannot could did didn do does doesn doing don done dont during e each eg etc every few for from g
        get gets getting got had has have having he her here his how i ie if in into is isn isnt it its just let lets
        like may me might mine more most must my need needed needs no nor not of on one onto or other our own please s
        same shall she should so some somebody somehow someone something such t than that the their theirs them then
        there these they thing things this those to too until us very want wanted wants was wasn way ways we were what
        when where which while who whom whose why will with within without won would yes you your yours
        """
}
