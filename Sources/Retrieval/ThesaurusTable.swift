/// The thesaurus as it is written: lines of a head and its related words. General vocabulary of computing, no product, no
/// corpus; written by hand, sorted by head. A word with `_` stands for several words of a question.
///
/// The sample plugin `hash-embedder` has the same lines; a test compares them.
enum ThesaurusTable {
    static let lines = """
        accept allow receive listen
        access permission allow reach
        account user login
        active running enabled
        add append insert include attach put
        address url location ip
        admin administrator root superuser
        administrator admin root superuser
        again repeat retry reuse
        alert notify notification warning
        alias shortcut name
        alive health running ping
        allow permit enable grant permission
        alter modify tamper change
        amount number quantity
        analyze examine parse inspect statistics
        annotate comment blame note
        anonymous unauthenticated public guest
        another other second different
        app application program service
        appear show display visible
        appearance theme style
        application app program
        archive zip tar compressed bundle tarball
        argument parameter option flag
        array list collection vector
        ascending order sort
        ask prompt request
        associate bind link map attach
        atomic transaction consistent
        attach connect join
        attack exploit vulnerability security
        attribute property field annotate
        audio sound
        authenticate login authentication identity
        author creator writer person contributor
        automatically automatic auto hook trigger
        average mean statistics
        avoid prevent skip
        background daemon async asynchronous service
        backup snapshot archive copy
        backward reverse previous
        balance distribute load upstream
        bandwidth network traffic throttle
        batch bulk group
        begin start first
        beginner tutorial introduction
        beginning start begin
        belong member owner associate
        beside adjacent side
        beta preview prerelease experimental
        big large huge giant size
        bin trash
        binary bytes executable
        bind mount attach
        body content payload
        both two pair
        bottom last end
        branch line fork
        break fail split interrupt error
        breakpoint debugger stop
        brief short summary
        bring restore import fetch load
        broadcast publish multicast
        broken corrupt fail damaged
        browse navigate view explore
        browser web
        buffer memory queue
        bug defect error problem issue
        build compile make
        bulk batch multiple many
        bundle archive package
        button widget
        bytes binary
        cache store memoize temporary
        call invoke request
        callback hook handler function
        cancel abort interrupt stop kill
        capability feature permission
        capture record grab save
        carry move transfer copy export
        cell grid
        certificate tls ssl x509 cert
        change modify edit alter update adjust tweak set
        chapter section part
        character letter symbol unicode char
        chart graph diagram plot
        chat message irc bot
        check verify validate test inspect ensure confirm
        checkpoint snapshot save
        checksum hash digest integrity verify
        chmod permission mode
        choose pick select
        class type object
        cleanup clean housekeeping prune
        clear delete empty reset erase
        click mouse button
        client user browser
        clipboard copy paste register
        cloud remote instance host
        cluster swarm nodes machines
        code source program status
        collapse fold
        colleague collaborator user others
        collection list set array group
        color colour highlight
        colour theme style
        column field
        combine merge join squash concatenate aggregate
        command program cli
        comment note annotation remark
        communicate protocol message talk
        company organization team
        compare diff difference changes versus
        compatible compatibility support version
        compile build make
        compiler build toolchain
        complete completion autocomplete finish
        compress compression zip gzip shrink archive
        computer machine host system
        concatenate join combine append
        concurrent parallel simultaneous async
        configure setting option preference configuration setup parameter customize config
        conflict clash collision fight merge
        connect attach join link
        connection connect socket network link
        consistent consistency integrity atomic
        console terminal shell
        consumption usage resource
        container sandbox box
        content body text data
        contribute submit patch
        contribution commit patch author
        contributor author person
        convert transform translate turn encode change
        cookie session
        copies replicas instances duplicates
        copy duplicate clone replicate cp
        core cpu processor parallel
        corrupt damage broken invalid
        cost expensive time
        count number total many sum
        country region locale
        cpu processor core
        crash fault abort segfault core failure
        create make new generate build init initialize start
        credential password login authentication
        current latest present now active
        cursor position pointer mouse
        customer client user
        cut clipboard delete
        daemon service server background
        daily schedule periodic
        damaged corrupt integrity
        dangerous unsafe risk
        data content information record
        database db sql
        date time calendar day
        debug debugger breakpoint inspect troubleshoot step trace diagnose
        decompress extract unzip unpack uncompress
        decrease reduce lower less
        decrypt encryption
        default standard fallback
        definition declare define
        delay wait sleep later defer
        delete remove erase discard drop purge clean destroy unlink wipe prune throw_away rid clear
        deny forbid reject refuse block
        dependency dependencies requirement package
        deprecated obsolete removed old
        description message explanation
        desktop gui
        detail verbose describe
        details verbose information
        detect determine find identify check discover
        determine detect find compute
        device hardware drive usb
        diagnose troubleshoot debug
        diagram graph chart draw
        dictionary map hash key
        difference diff delta compare change
        different other separate distinct another
        directory folder path
        disable deactivate off turn_off
        disappear vanish hide delete missing
        disconnect detach close
        disk space storage filesystem volume drive device
        dispatch send route
        distribute spread balance shard cluster
        dns resolver domain lookup nameserver
        document text file
        documentation help manual guide docs
        domain hostname dns name
        double twice duplicate
        downgrade rollback revert older
        download fetch pull get retrieve clone
        draw render paint graphics
        drive disk device volume partition
        driver module device kernel
        drop delete remove discard
        dump export serialize
        duplicate copy twice repeated same
        duplicates unique distinct duplicate
        duration timeout interval time elapsed
        earlier previous older before prior last
        element item entry node
        email mail smtp
        embedded builtin
        empty blank null missing none clear
        emulate virtual simulate
        enable activate on allow turn_on
        encode encoding convert charset
        encrypt encryption cipher tls ssl secure crypto
        entire whole all
        entry record item line
        environment variable env
        equal same compare
        equation math formula
        error failure fault problem exception wrong
        event trigger notification signal
        every each all
        everybody users all public
        everyone users all public
        everything all entire
        exact precise specific
        example sample tutorial
        exceed limit overflow maximum
        exclude ignore omit except
        execute run invoke
        exhausted limit full
        exit quit return end
        expand extend grow
        expensive slow heavy cost
        experimental unstable preview beta
        expire timeout ttl lifetime age
        explain describe meaning
        export save dump write
        expose publish port
        extend plugin extension
        extension plugin addon
        extract unpack pull
        fail error failure broken
        failover standby switchover
        failure error fail crash
        fake mock stub dummy
        fast quick speed performance efficient rapid
        favourite preferred default
        feature option capability support
        fetch download pull retrieve get
        field column attribute property
        file document
        filter select match exclude
        final last finish
        find search locate lookup look seek discover grep query
        fingerprint hash digest checksum
        finish complete end done close
        firewall filter block port rule
        first initial begin start
        fix repair solve correct resolve patch
        flag option switch
        flip reverse toggle invert
        fold collapse hide
        folder directory tree path
        follow tail watch
        font typeface
        forbid deny disallow prevent block reject restrict
        force override compel
        form field input widget
        format layout style
        formula math equation expression
        forward redirect proxy next
        frozen hang freeze stuck
        full complete disk
        function method procedure routine
        garbage unused unreachable prune
        gateway route proxy
        give provide pass supply assign grant return
        glue join concatenate combine
        go move switch change jump
        grab fetch get capture
        graceful clean
        grammar syntax
        grant allow give permission
        graph chart plot diagram
        graphical gui visual
        group category set aggregate role team
        grow increase expand scale
        guard protect lock
        guess predict random
        guest anonymous
        gui graphical window interface desktop
        half partial incomplete
        hand pass give argument
        handler callback hook
        hang stuck freeze deadlock block
        happen occur event
        hardware device driver
        hash checksum digest
        head first top beginning
        header heading metadata top
        heading title header section
        health status check alive
        healthy health alive
        heavy large slow expensive intensive
        help usage manual documentation
        hidden private invisible
        hide conceal suppress invisible
        highlight color syntax
        history log past previous record changes
        hook callback trigger handler
        host machine server computer node
        hostname host name domain
        housekeeping maintenance cleanup
        huge large big giant
        identical equal same duplicate
        identify detect determine name
        identity user name email
        ignore skip exclude omit
        image picture
        immediately instantly now force
        import load include
        inbound incoming receive
        incoming inbound receive
        incomplete partial unfinished
        increase raise grow more
        indent indentation whitespace
        independent separate standalone
        individual single separate each
        info information
        information info data details
        input stdin enter read
        inside within in
        inspect examine look details view check debug
        install setup download package
        instance copy object
        integrity checksum verify corrupt consistency
        interface gui ui api
        interpreter runtime shell
        introduction tutorial overview guide start
        invalid wrong malformed illegal
        invert reverse flip
        invoke call run execute
        isolate sandbox separate isolation
        issue problem bug
        item element entry object
        jail sandbox chroot isolate
        job task work
        join combine connect member
        journal log syslog
        jump goto go navigate
        junk unused garbage untracked temporary
        keep retain preserve store persist remember hold
        key keyboard keystroke keypress
        know determine detect find identify
        label tag name
        lag delay latency slow
        language locale translation
        laptop local host machine
        largest maximum biggest
        last final end latest
        latency delay lag
        later defer delayed schedule
        latest newest recent last current
        layout format arrangement theme
        leader primary master
        leak memory allocation
        learn tutorial introduction guide
        leave exit quit disconnect detach
        length size width
        less fewer reduce
        letter character accent
        library module package dependency
        lifecycle start stop
        limit restrict maximum max quota cap constraint threshold
        line row
        link url href hyperlink anchor symlink reference
        list show enumerate display overview
        listen bind port socket accept
        load read import open
        local localhost machine
        location path place directory position
        lock mutex synchronize exclusive
        log logging journal trace record messages
        login authenticate sign_in log_in credential account authentication
        logout sign_out
        long verbose large
        look view inspect show search
        lookup find search dictionary table
        loop iterate repeat
        lose delete drop discard missing
        lost lose deleted accident accidentally recover
        lower reduce decrease
        machine computer host node server system
        mail email
        mailbox mail inbox
        mailinglist mail list
        maintenance housekeeping optimize
        manual documentation help reference
        many multiple bulk number
        map mapping translate
        mark bookmark tag
        mass bulk
        math formula equation number
        maximum max limit highest
        mean meaning semantics
        measure time benchmark profile timing metric
        memory ram heap
        merge combine join integrate unify
        message notification text
        metadata header attribute property information
        method function
        middle center
        minimum min lowest
        missing absent lost null notfound
        mistake error typo wrong
        mobile device phone
        mock fake stub
        mode permission setting
        model schema
        module library package
        money currency decimal
        monitor watch observe track
        month monthly date
        mount volume bind
        mouse pointer cursor click
        move rename transfer relocate mv
        movie video
        multiple several many concurrent
        name label title identifier tag alias
        navigate jump move browse
        nest inside recursive
        nested recursive inside
        network net connection internet
        next following forward adjacent
        nice pretty tidy
        nickname alias name
        night daily schedule
        nightly schedule cron daily
        node machine host worker
        note comment annotation
        nothing empty none
        notice detect notify
        notification notify event
        notify notification event signal alert callback
        now current immediately
        null none empty missing
        number count numeric amount
        object value instance entity
        obsolete deprecated superseded
        occur happen event
        occurrence match instance
        official release stable upstream
        offline disconnected network
        old stale outdated obsolete previous expire age
        once single
        optimize optimise performance improve speed
        option flag setting argument
        order sort sequence
        organization company group team
        others public shared
        outdated stale deprecated old
        outgoing outbound send
        output print stdout emit write result
        overflow exceed limit
        overview introduction summary
        own owner belong ownership
        owner user ownership
        ownership owner user permission
        package library module bundle
        packet network traffic
        page document html
        paint draw color
        pair two key
        parallel concurrent multiple simultaneously multiprocessing thread
        parameter argument option
        parse read analyze syntax
        part portion subset partial
        partial subset part sparse
        pass argument give parameter
        password credential secret passphrase login
        past history previous earlier old
        paste clipboard copy insert
        path file directory location
        pattern regex expression glob wildcard
        pause suspend freeze hold
        pending queued waiting unfinished
        performance speed profile benchmark optimize
        periodic interval regularly schedule recurring
        permanent persistent durable
        permission access allow right privilege authorization
        persist persistent durable save survive
        person author user people
        pick choose select
        picture image photo icon media
        pin fix lock exact
        ping check reachable alive
        pipe stream
        place location put position
        play run playback
        playback replay play
        plugin extension addon module
        pointer reference address
        policy rule
        poll wait check
        port socket mapping
        portable standalone independent
        power energy shutdown battery
        preferred default favourite priority
        press key button click
        pretend simulate dry fake
        prevent avoid disable block forbid
        preview dry simulate
        previous last earlier before prior
        primary leader master main
        print output display show write printer paper
        priority heap importance
        private hidden internal
        probe check health
        problem issue error trouble bug
        process program task
        program application app executable process command
        project repository workspace
        prompt ask input
        property attribute field setting
        protect guard lock secure restrict prevent
        provide supply give
        proxy gateway forward
        public published shared
        publish release push deploy share expose
        put apply insert place add store write
        query request search
        queue fifo buffer
        quiet silent suppress
        quota limit
        raise throw exception increase
        random shuffle sample chance
        rate limit frequency throttle
        reach access connect
        react respond handle handler
        read load parse open
        reboot restart boot
        rebuild recreate compile
        receive get fetch pull download
        record macro log
        recreate rebuild replace
        recursive nested recursively
        redirect forward output
        reduce decrease lower minimize
        reference link pointer documentation
        refresh reload update
        regex regular pattern expression
        rehearse dry preview
        relation foreign reference association
        release version publish tag
        reload refresh restart
        remain stay keep left
        remember cache memoize store
        remote server host elsewhere ssh
        rename name move alias
        render draw display template
        renew refresh extend expire
        rent cloud instance
        repair fix recover
        repeat again loop record
        replace substitute swap exchange
        replay repeat playback
        replica copy instance
        reply response answer
        report statistics summary bug
        repository repo project
        request ask query call
        resource memory cpu limit
        respond answer reply response react
        response reply answer output result
        restore recover rescue retrieve bring_back get_back back
        restrict limit constrain
        result output return
        resume continue restart unpause
        return exit result
        reuse recycle cache
        reverse invert backward
        revision commit version
        rewind back revert
        rewrite amend rebase filter
        role permission group privilege
        root superuser admin
        rotate turn spin renew replace
        rotten corrupt damaged check
        rounding precision decimal round
        route path dispatch forward
        row record line
        rule policy pattern
        run execute start launch
        running active alive live
        runtime interpreter execution
        safe secure safely protected
        same equal identical duplicate
        sandbox isolate restrict security
        save store persist write keep record
        say specify tell describe define
        scale replicas instances size
        schedule cron timer periodic job plan
        schema structure definition
        scratch temporary
        screen display window terminal
        script program code
        scroll move page
        search find query filter match
        secondary standby replica
        secret password credential token sensitive key
        section chapter part heading
        secure security safe encrypted tls
        security secure permission vulnerability
        select choose pick
        send transmit push post deliver submit upload
        separate isolate split apart independent
        sequence order list series
        serialize pickle marshal encode dump
        series sequence list
        server host daemon service backend
        service server daemon
        session login state cookie
        set configure assign define
        setup install deploy configure
        several multiple many
        share publish export shared
        sheet table spreadsheet page
        shell terminal console command bash
        short brief abbreviate
        shortcut key binding mapping alias keyboard
        shorten abbreviate short
        show display view print list see output present
        shrink reduce compress smaller size
        side adjacent beside parallel
        signal interrupt event
        signature sign signed verify
        similar like related compare
        simulate emulate fake mock
        simultaneously concurrent parallel at_once same_time
        single one individual
        site website web host virtual
        size space large big length limit
        skip ignore omit
        slave worker replica node
        sleep suspend wait delay hibernate
        slow performance latency speed profile bottleneck
        small tiny little lightweight
        smallest minimum least
        snapshot backup state
        solve resolve fix
        somebody user person others
        someone user person others
        sort order sorted arrange
        sorted order sort
        sound audio music
        source code origin
        specify define set say
        speed performance fast optimize
        spell spelling typo
        split divide separate break partition chunk
        spread deviation variance
        spreadsheet table csv excel
        squeeze compress shrink
        stable release official
        standalone self single independent
        standby replica secondary follower
        start launch begin run boot startup spawn
        startup boot start init
        state status
        statistics stats count metrics usage mean
        status state condition
        stay remain persist keep
        step debugger next
        stick usb removable media keep persist pin
        stop halt quit exit terminate end kill shutdown abort leave finish
        store storage save repository keep database
        stream pipe flow
        string text
        strip remove trim delete
        strong secure
        stuck hang block
        stuff data files items
        style theme format appearance
        subfolder subdirectory submodule
        subscribe follow listen watch event
        subset part partial some
        substitute replace
        suggest completion hint
        sum total add
        summary statistics overview report
        superuser root admin
        supply provide give pass
        support compatible feature
        suppress silence hide quiet ignore
        survive persist remain persistent
        swap replace exchange switch
        switch change toggle select checkout
        symlink link symbolic
        syntax grammar format language
        table grid
        tail last end follow
        take get pick extract accept fetch
        talk communicate connect message
        tamper integrity signature
        task job process
        team people group collaborators
        tell show report display specify notify
        template skeleton boilerplate
        temporary temp scratch transient tmp
        terminal console shell tty screen
        test check try unittest
        text string message content
        theme style color appearance
        thread concurrency lock parallel
        throttle rate limit
        throw raise discard exception
        tidy clean
        tie bind link associate
        time date clock timestamp hour
        timeout deadline expire limit wait hang
        timezone time zone daylight
        toggle switch enable disable
        token secret key credential
        too excess
        top first head
        trace log debug stack
        track follow monitor
        traffic network packets
        transaction commit rollback atomic
        translate translation localization internationalization language locale i18n
        translated localized locale
        trash recycle delete garbage
        trigger event fire hook automatically
        trim strip remove cut
        trust verify certificate signature
        trustworthy trust verify
        try attempt test retry
        turn toggle rotate convert
        tutorial guide introduction howto
        twice duplicate again double
        two multiple several both second pair
        type enter insert input typing kind class
        typo mistake spelling
        understand explain parse
        undo revert rollback restore back reset
        unexpected wrong strange
        unfinished partial incomplete pending
        unguessable secure random
        unhealthy failing health
        unique distinct identifier
        unresponsive hang stuck timeout
        unsafe dangerous insecure
        unused unreferenced dangling garbage orphan
        upgrade update migrate newer version
        upload push publish send post file
        urgent immediate
        url address link uri
        usage consumption statistics resource
        usb device
        user account person
        value variable
        vanish disappear missing
        variable value environment
        verbose detail debug log
        verify validate check authenticate signature prove
        version release revision tag
        video movie media
        view see inspect look show display examine
        virtual vm emulate
        visible show public
        visit open browse
        visitor user client guest
        vulnerability attack security
        wait block delay sleep await poll
        waiting pending queued blocked
        warning alert notice message
        watch monitor observe follow
        weak insecure
        web http html page site
        website site web page
        week weekly schedule date
        whitespace space blank tab
        who author user person
        whole entire complete all
        wide width
        width column length
        wildcard glob pattern
        window screen display
        word text term
        work job changes
        worker process thread
        wrap fold width
        write save output store
        wrong incorrect error invalid
        zip archive compress
        """
}
